"""Teaches the model `digits` the classes 6 to 9, while another task goes on asking it.

Runs in MicroPython, where the firmware has the module or digits.mpy lies on the path, and in CPython with the
project's folder desk/ in PYTHONPATH. Both print the same: every score is equal, bit for bit.
"""

import asyncio
import os

import digits

PIXELS = digits.Model().info()["input_bytes"]
UNITS = 16  # of a step: the longer the steps, the longer other tasks wait


def records(name):
    """Pixels and label of each sample in a file."""
    with open(name, "rb") as file:
        while record := file.read(PIXELS + 1):
            yield record[:PIXELS], record[PIXELS]


async def learn(model, samples):
    """One experience; every other task gets its turn after each piece of work."""
    model.begin()
    for pixels, label in samples:
        model.sample(pixels, label)
        await asyncio.sleep(0)
    while not model.step(UNITS):
        await asyncio.sleep(0)
    model.commit()


async def ask(model, sample, answers):
    """Asks as often as it gets a turn: what the last commit left is what answers."""
    while True:
        scores = model.predict(sample)
        answers.append(scores.index(max(scores)))
        await asyncio.sleep(0)


def right_answers(model):
    """Right answers of each class."""
    right = [0] * model.info()["max_classes"]
    for pixels, label in records("test.bin"):
        scores = model.predict(pixels)
        right[label] += scores.index(max(scores)) == label
    return right


def save(model):
    """The old state stands until the new one is whole."""
    with open("digits.new", "wb") as file:
        model.save(file)
    os.rename("digits.new", "digits.state")


async def main():
    model = digits.Model()
    print("at first", right_answers(model))
    for label in range(6, 10):
        answers = []
        samples = [record for record in records("lessons.bin") if record[1] == label]
        asking = asyncio.create_task(ask(model, samples[0][0], answers))
        await learn(model, samples)
        asking.cancel()
        print("learned", label, right_answers(model), "answers meanwhile:", len(answers))
    save(model)
    again = digits.Model()
    with open("digits.state", "rb") as file:
        again.load(file)
    print("loaded", right_answers(again))


asyncio.run(main())
