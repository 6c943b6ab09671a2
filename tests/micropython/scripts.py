"""What the tests run in MicroPython; each script prints one line of JSON at the end."""

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
import array, binascii, io, json, net, mlp, quantised, tail

class Bare(net.Model):
    def __init__(self):
        pass

class Derived(net.Model):
    def __init__(self, number):
        super().__init__(seed=number)

class Unrelated:
    pass

class Full(io.IOBase):
    def write(self, data):
        return len(data) // 2 if len(data) > 700 else 0

class Broken(io.IOBase):
    def write(self, data):
        raise OSError(28)

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
        said.append([type(error).__name__, str(error)])
print(json.dumps(said))
"""

MEMORY = """
import gc, io, json, net
x, seen, kept = bytes(64), 0, []
try:
    while True:
        kept.append(net.Model())
except MemoryError:
    seen = len(kept)
kept = None
for i in range(2000):
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
