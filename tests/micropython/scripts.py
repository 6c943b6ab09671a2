"""What the tests run in each interpreter; a script prints one line of JSON at its end."""

RAM = """
class Ram:
    def __init__(self, blocks, size, fill=0xff, power=None):
        self.size, self.power, self.log = size, power, []
        self.held = bytearray(bytes([fill]) * (blocks * size))

    def readblocks(self, block, data):
        data[:] = self.held[block * self.size : block * self.size + len(data)]

    def writeblocks(self, block, data):
        self.log.append(block)
        if self.power is not None:
            self.power -= 1
            if self.power < 0:
                raise OSError(28)
        self.held[block * self.size : block * self.size + len(data)] = data

    def ioctl(self, operation, argument):
        if operation == 3:
            self.log.append("sync")
        return {4: len(self.held) // self.size, 5: self.size}.get(operation, 0)

"""

LEARN = """
import array, gc, json, net
SIZE = 64
data, labels = open("inputs", "rb").read(), open("labels", "rb").read()

def given(i):
    at = memoryview(data)[i * SIZE : (i + 1) * SIZE]
    return (bytes, bytearray, lambda x: array.array("B", x), lambda x: x)[i % 4](at)

def learn(m, first, budget):
    m.begin()
    for i in range(first, first + COUNT):
        m.sample(given(i), labels[i])
        gc.collect()
    while not m.step(*budget):
        m.predict(given(0))
    m.commit()

def keep(m, name):
    with open(name, "wb") as f:
        m.save(f)

COUNT = 13
a, b = net.Model(seed=7), net.Model()
scores = [[m.predict(given(i)) for i in range(8)] for m in (a, b)]
keep(a, "factory")
learn(a, 0, (1,))
keep(a, "first")
a.begin()
b.begin()
for i in range(COUNT):
    a.sample(given(13 + i), labels[13 + i])
    b.sample(given(26 + i), labels[26 + i])
done = [False, False]
while not all(done):
    done = [a.step(3), b.step()]
b.commit()
scores.append([a.predict(given(i)) for i in range(8)])
a.abort()
a.abort()
keep(a, "aborted")
keep(b, "other")
learn(a, 13, (1000,))
keep(a, "second")
scores.append([a.predict(given(i)) for i in range(8)])
print(json.dumps(scores))
"""

RESET = """
import io, json, net
labels = open("labels", "rb").read()
data = open("inputs", "rb").read()
m = net.Model(seed=99)
before = m.predict(data[:64])
with open("first", "rb") as f:
    m.load(f)
m.begin()
for i in range(13, 26):
    m.sample(data[i * 64 : (i + 1) * 64], labels[i])
while not m.step(2):
    pass
m.commit()
held = io.BytesIO()
m.save(held)
with open("resumed", "wb") as f:
    f.write(held.getvalue())
print(json.dumps([before, m.predict(data[:64])]))
"""

OTHERS = """
import array, json, mlp, quantised
words, numbers = open("mlp", "rb").read(), open("quantised", "rb").read()
size, count = mlp.Model().info()["input_bytes"], quantised.Model().info()["input_bytes"]
found = []
for i in range(3):
    one = words[i * size : (i + 1) * size]
    odd = memoryview(b"x" + one)[1:]
    found.append([mlp.Model().predict(given) for given in (one, odd, array.array("I", one))])
for i in range(3):
    one = numbers[i * count : (i + 1) * count]
    found.append([quantised.Model().predict(given) for given in (one, array.array("b", one))])
print(json.dumps([found, hasattr(mlp.Model(), "begin"), mlp.Model().info()]))
"""

ERRORS = """
import array, binascii, gc, io, json, net, mlp, quantised, tail

class Bare(net.Model):
    def __init__(self):
        pass

class Unseeded(net.Model):
    def __init__(self, number):
        pass

class Anything(net.Model):
    def __init__(self):
        pass

    def __getattr__(self, name):
        return 1

class Derived(net.Model):
    def __init__(self, number):
        super().__init__(seed=number)

class Twice(Derived):
    def __init__(self):
        super().__init__(3)
        self.begin()
        self.sample(x, 1)
        super().__init__(4)
        super().__init__(5)
        self.begin()
        self.sample(x, 1)
        while not self.step():
            pass

class Early(net.Model):
    def __init__(self):
        self.predict(x)

class Unrelated:
    pass

class Full(io.IOBase):
    def write(self, data):
        return len(data) // 2 if len(data) > 700 else 0

class Broken(io.IOBase):
    def write(self, data):
        raise OSError(28)

class Stream(io.IOBase):
    def __init__(self, answer):
        self.answer = answer

    def write(self, data):
        return self.answer

    def readinto(self, data):
        return self.answer

class Bytes(io.BytesIO):
    pass

class Plain:
    def __init__(self, data=b""):
        self.held = io.BytesIO(data)

    def write(self, data):
        return self.held.write(data[:100])

    def readinto(self, data):
        return self.held.readinto(memoryview(data)[:100])

class Resizing:
    def readinto(self, data):
        data.extend(bytes(6000))
        return 1

class Keeping:
    def __init__(self, data):
        self.held, self.kept = io.BytesIO(data), []

    def readinto(self, data):
        self.kept.append(data)
        return self.held.readinto(data)

def keeping():
    stream = Keeping(saved())
    net.Model().load(stream)
    gc.collect()
    others = [bytes([65]) * 1470 for _ in range(200)]
    for each in stream.kept:
        for i in range(len(each)):
            each[i] = 66
    if others != [bytes([65]) * 1470 for _ in range(200)]:
        raise ValueError("other objects changed")

def moved(kind, data=None):
    if data is None:
        stream = kind()
        net.Model(3).save(stream)
        if isinstance(stream, Plain) and stream.held.getvalue() != saved():
            raise ValueError("another state")
    else:
        net.Model().load(kind(data))

RAM
class Answers(Ram):
    def __init__(self, count, size, answer=0):
        super().__init__(8, 512)
        self.answers, self.answer = {4: count, 5: size}, answer

    def readblocks(self, block, data):
        super().readblocks(block, data)
        return self.answer

    def ioctl(self, operation, argument):
        return self.answers.get(operation)

class ReadOnly:
    ioctl, readblocks = Ram.ioctl, Ram.readblocks

    def __init__(self):
        self.size, self.held = 512, bytearray(8 * 512)

class Longer(Ram):
    def readblocks(self, block, data):
        data.extend(b"x")

class Lying(Ram):
    def writeblocks(self, block, data):
        if block != 1:
            super().writeblocks(block, data)

class NoSync(Ram):
    def ioctl(self, operation, argument):
        if operation == 3:
            raise OSError(62)
        return super().ioctl(operation, argument)

class Calling(Ram):
    def __init__(self, call):
        super().__init__(8, 512)
        self.call = call

    def readblocks(self, block, data):
        call, self.call = self.call, None
        if call:
            call()
            gc.collect()
        super().readblocks(block, data)

def device_of(m, blocks, size):
    device = Ram(blocks, size)
    m.save(device)
    return device

def foreign_device():
    device = device_of(net.Model(), 8, 512)
    device.held[: len(saved())] = foreign(16).getvalue()
    return device

def load_again(m):
    m.load(io.BytesIO(saved()))

def made_anew(m):
    m.__init__(7)

def while_moved(what, call):
    m = Derived(3)
    device = Calling(None)
    m.save(device)
    before = bytes(device.held)
    device.call = lambda: call(m)
    try:
        getattr(m, what)(device)
    except RuntimeError:
        if bytes(device.held) != before:
            raise ValueError("the device was written")
        raise

def words(size):
    code = [code for code in "LIQ" if len(bytes(array.array(code, [0]))) == size][0]
    return array.array(code, [0] * (12 // size))

x = bytes(64)

def learning(state, name=net):
    m = name.Model(3)
    size = m.info()["input_bytes"]
    if state == "idle":
        return m
    m.begin()
    if state == "begun":
        return m
    for i in range(m.info()["experience_len"] if state == "full" else 1):
        m.sample(bytes(size), 2)
    if state in ("stepped", "done", "lost"):
        m.step(1)
    while state == "done" and not m.step():
        pass
    if state == "lost":
        m.abort()
    return m

def saved(module=net):
    held = io.BytesIO()
    module.Model(3).save(held)
    return held.getvalue()

def damaged(at):
    state = bytearray(saved())
    state[at] ^= 1
    return io.BytesIO(state)

def foreign(at):
    state = bytearray(saved())
    state[at] ^= 0xff
    crc = binascii.crc32(state[64:], binascii.crc32(state[:60]))
    state[60:64] = crc.to_bytes(4, "little")
    return io.BytesIO(state)

CALLS = [
CASES
]

said = []
for call in CALLS:
    try:
        call()
        said.append(None)
    except Exception as error:
        kind = OSError if isinstance(error, OSError) else type(error)
        said.append([kind.__name__, str(error)])
print(json.dumps(said))
""".replace("RAM\n", RAM)

MEMORY = """
import gc, io, json, net
x, kept = bytes(64), []
try:
    while len(kept) < MOST:
        kept.append(net.Model())
except MemoryError:
    pass
seen = len(kept)
kept = None
for i in range(500):
    m = net.Model(i)
    m.begin()
    m.sample(x, i % 12)
    m.step(1)
    gc.collect() if i % 100 == 0 else None
m.abort()
held = io.BytesIO()
m.save(held)
print(json.dumps([seen, m.predict(x), len(held.getvalue())]))
"""

TASK = """
import asyncio, json, net

async def learn(m, x, label):
    m.begin()
    m.sample(x, label)
    while not m.step(1):
        await asyncio.sleep(0)
    m.commit()

async def main():
    m, turns, x = net.Model(), 0, bytes(64)
    before = m.predict(x)
    task = asyncio.create_task(learn(m, x, 11))
    while not task.done():
        turns += m.predict(x) == before
        await asyncio.sleep(0)
    return [turns, before[11], m.predict(x)[11]]

print(json.dumps(asyncio.run(main())))
"""

DEVICES = """
import io, json, net
data, labels = open("inputs", "rb").read(), open("labels", "rb").read()

def learn(m, experience):
    m.begin()
    for i in range(13 * experience, 13 * experience + 13):
        m.sample(data[i * 64 : (i + 1) * 64], labels[i])
    while not m.step():
        pass
    m.commit()

def state(m):
    held = io.BytesIO()
    m.save(held)
    return held.getvalue()

def states():
    found, m = [], net.Model(seed=7)
    for experience in range(3):
        found.append(state(m))
        learn(m, experience)
    return found + [state(m)]

def model(state):
    m = net.Model()
    m.load(io.BytesIO(state))
    return m

def loaded(device):
    m = net.Model(seed=99)
    m.load(device)
    return state(m)

ALL = states()
"""

SAVES = (
    RAM
    + DEVICES
    + """
logs = []
for blocks, size in SHAPES:
    device, taken = Ram(blocks, size, fill=0xa5), []
    for count, each in enumerate(ALL):
        model(each).save(device)
        if loaded(device) != each:
            raise ValueError("another state was loaded")
        with open("region_%d_%d_%d" % (blocks, size, count), "wb") as f:
            f.write(device.held)
        taken.append(device.log)
        device.log = []
    logs.append(taken)
print(json.dumps(logs))
"""
)

CUTS = (
    RAM
    + DEVICES
    + """
class Cut(Ram):
    part = 0

    def writeblocks(self, block, data):
        try:
            super().writeblocks(block, data)
        except OSError:
            at, part = block * self.size, len(data) * self.part // 4
            self.held[at : at + part] = data[:part]
            raise

    def ioctl(self, operation, argument):
        answer = super().ioctl(operation, argument)
        if operation == 3 and self.power == 0:
            raise OSError(5)
        return answer

old, new, found = ALL[1], ALL[2], []
for blocks, size in SHAPES:
    for part in range(5):
        power = 0
        while not found or found[-1] != "done":
            device = Cut(blocks, size)
            model(ALL[0]).save(device)
            model(old).save(device)
            device.power, device.part = power, part
            try:
                model(new).save(device)
                found.append("done")
            except OSError:
                device.power = None
                at = loaded(device)
                model(ALL[3]).save(device)
                again = "" if loaded(device) == ALL[3] else "lost"
                found.append({old: "old", new: "new"}.get(at, "neither") + again)
            power += 1
        found[-1] = "whole" if loaded(device) == new else "lost"
print(json.dumps(found))
"""
)

DAMAGED = (
    RAM
    + DEVICES
    + """
found = []
for at in (0, 4, 8, 12, 16, 32, 60, 64, -1):
    device = Ram(8, 512)
    model(ALL[0]).save(device)
    model(ALL[1]).save(device)
    device.held[2048 + at % len(ALL[1])] ^= 1
    found.append(loaded(device) == ALL[0])
    model(ALL[2]).save(device)
    found.append(loaded(device) == ALL[2] and device.log[-2] == 4)
print(json.dumps(found))
"""
)
