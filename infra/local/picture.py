"""A picture for the first post: hills at dusk, drawn here, so that nothing has to be shipped or licensed."""

import math
import struct
import zlib

WIDTH, HEIGHT = 800, 450
TOP, HORIZON = (38, 32, 92), (255, 166, 94)
SUN = (255, 233, 170)
HILLS = [  # base line, height, waves across the picture, phase, colour
    (0.66, 0.07, 1.3, 0.4, (148, 76, 112)),
    (0.76, 0.08, 1.9, 2.1, (98, 48, 100)),
    (0.87, 0.07, 1.4, 4.0, (52, 28, 74)),
]


def draw():
    """PNG, 800 × 450 pixels, 36 KB."""
    ridges = [
        [HEIGHT * (base - height * math.sin(phase + waves * 2 * math.pi * x / WIDTH)) for x in range(WIDTH)]
        for base, height, waves, phase, _ in HILLS
    ]
    colours = [colour for *_, colour in HILLS]
    centre, radius = (WIDTH * 0.64, HEIGHT * 0.50), HEIGHT * 0.13
    rows = []
    for y in range(HEIGHT):
        sky = mixed(TOP, HORIZON, min(1.0, y / (HEIGHT * 0.7)) ** 1.4)
        row = bytearray(b"\x02")  # the PNG filter "up": a gradient becomes small numbers
        for x in range(WIDTH):
            colour = sky
            away = math.hypot(x - centre[0], y - centre[1]) - radius
            if away < radius * 2:
                colour = mixed(SUN, sky, outside_of_the_sun(away, radius * 2))
            for ridge, hill in zip(ridges, colours):
                below = y - ridge[x]
                if below > -0.5:
                    colour = hill if below > 0.5 else mixed(colour, hill, below + 0.5)
            row += bytes(map(round, colour))
        rows.append(row)
    return png([bytes(row) for row in filtered(rows)])


def outside_of_the_sun(away, halo):
    """How much of the sky shows: none within the disc, then more and more until the halo's end."""
    return max(0.0, away + 0.5) / 2 if away < 0.5 else 0.55 + 0.45 * away / halo


def mixed(one, other, share):
    return tuple(a + (b - a) * share for a, b in zip(one, other))


def filtered(rows):
    above = bytes(len(rows[0]) - 1)
    for row in rows:
        yield row[:1] + bytes((now - before) & 255 for now, before in zip(row[1:], above))
        above = row[1:]


def png(rows):
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
