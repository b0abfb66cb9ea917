#!/usr/bin/env python3
"""Makes data/scenes: rendered scenes that look like photographs to an edge detector, with exact masks.

    /usr/bin/python3 scripts/makers/make_scenes.py [NAME...]     default: all; NAME as in 01-still-life

Writes, for each scene, images/NAME.png or .jpg, masks/NAME.png (8-bit ids, 0 background, 1..n objects) and
boundaries/NAME.png (1-bit: the pixel's id differs from that of its right or lower neighbour). Every random number
comes from a generator seeded by the scene's number, so the same numpy and Pillow write the same bytes.
Needs python3-numpy and python3-pil; nothing else in the project does."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import numpy as np
from PIL import Image

from scene_render import (VALUE, Layers, Scene, Thing, boundaries, bricks, checker, develop, fbm, marble, mix, noise,
                          plain, rgb, step, stripes, wood)

OUT = ROOT / "data" / "scenes"
SEED = 1986
FAR = 40.0


def floor(color, y=0.0, **more):
    return Thing("box", (0, y - 0.5, 0), (FAR, 0.5, FAR), color, **more)


# --- ray traced ---

def still_life(rng):
    things = [
        floor(wood(scale=0.7)), Thing("box", (0, 4, -4.2), (FAR, 8, 0.5), plain("9aa7a3", 0.25, 1.5)),
        Thing("sphere", (-1.35, 0.62, 0.3), 0.62, plain("b3261e", 0.3, 3), 1, gloss=0.6, sharp=60),
        Thing("sphere", (-0.35, 0.45, 1.15), 0.45, plain("d98b1c", 0.2, 6), 2, gloss=0.3,
              bump=lambda p: 0.012 * noise(p * 28)),
        Thing("box", (0.75, 0.8, -0.6), (0.55, 0.8, 0.4), marble("e3ded2", "6b7a86"), 3, turn=(28, 0, 0), gloss=0.2),
        Thing("cylinder", (-0.55, 1.0, -1.2), (0.42, 1.0, 0.42), stripes("20466b", "d8d2c0", 1, 0.5, 0.6), 4,
              gloss=0.5),
        Thing("cylinder", (1.75, 0.3, 0.75), (0.5, 0.3, 0.5), plain("5d7f3a", 0.3, 5), 5, gloss=0.1),
        Thing("sphere", (1.7, 0.95, 0.72), 0.36, plain("6d2348", 0.15, 4), 6, gloss=0.8, sharp=90),
    ]
    return Scene(things, (0.4, 2.5, 6.6), (0.15, 0.75, 0), 33, ((-4, 7, 5), 1.0, 0.95), 0.33, lens=0.05)


def checker_spheres(rng):
    things = [floor(checker("c9c3b5", "2f3a40", 0.9))]
    for k, (x, z, r, color) in enumerate([(-2.6, -4.5, 0.9, "7c2d2d"), (-0.7, -2.2, 0.8, "2e5d7c"),
                                          (0.9, 0.2, 0.75, "c7a23a"), (-1.6, 1.0, 0.5, "3f6b4a"),
                                          (2.9, -3.4, 1.3, "8d8d92"), (2.0, 1.9, 0.42, "a35a8a"),
                                          (0.0, 2.6, 0.35, "d9d2c5")]):
        things.append(Thing("sphere", (x, r, z), r, plain(color, 0.2, 4), k + 1, gloss=0.7, sharp=80))

    def sky(d):
        return mix(rgb("d9dde0"), rgb("6d8fb3"), np.clip(d[:, 1] * 2, 0, 1))
    return Scene(things, (0.2, 2.3, 7.0), (0.2, 0.6, 0), 38, ((6, 9, 4), 1.0, 0.95), 0.4, lens=0.14, focus=6.6, sky=sky,
                 haze=0.012)


def coins(rng):
    things = [floor(wood("8a6a4a", "4b311c", 0.5))]
    metals = ["b9b2a4", "b87333", "c8a951"]
    for k in range(14):
        x, z = rng.uniform(-2.6, 2.6), rng.uniform(-1.9, 1.9)
        r, lift = rng.uniform(0.42, 0.66), 0.06 + 0.13 * (k // 5)
        turn = rng.uniform(0, 360)
        spokes = int(rng.integers(5, 9))

        def relief(p, r=r, spokes=spokes):
            rho, phi = np.hypot(p[:, 0], p[:, 2]) / r, np.arctan2(p[:, 2], p[:, 0])
            rim = step(0.82, 0.86, rho) * 0.03
            star = 0.03 * step(0.05, -0.05, rho - 0.42 - 0.16 * np.cos(spokes * phi))
            return rim + star + 0.006 * fbm(p * 22, 2)
        things.append(Thing("cylinder", (x, lift, z), (r, 0.06, r), plain(metals[k % 3], 0.35, 5), k + 1,
                            turn=(turn, rng.uniform(-3, 3), rng.uniform(-3, 3)), gloss=0.8, sharp=25, bump=relief))
    return Scene(things, (0, 6.4, 2.6), (0, 0, 0.1), 36, ((-5, 4.5, -3), 0.7, 0.95), 0.28, lens=0.05)


def street(rng):
    def windows(w, h, wall, seed):
        a, glass, lamp = rgb(wall), rgb("27313a"), rgb("e0c88a")

        def color(p):
            u, v = (p[:, 0] + p[:, 2]) / w, p[:, 1] / h  # along x or along z: the other is constant on a wall
            pane = (np.abs(u % 1 - 0.5) < 0.3) & (np.abs(v % 1 - 0.5) < 0.32)
            lit = VALUE[np.floor(u).astype(int) * 73 + np.floor(v).astype(int) * 151 + seed * 37 & 255] > 0.86
            out = mix(a * (0.8 + 0.4 * fbm(p * 2.5, 3))[:, None], np.where(lit[:, None], lamp, glass), pane)
            return out
        return color

    tar, slab, paint = rgb("4d4e50"), rgb("8d8981"), rgb("cfccc2")

    def ground(p):
        x, z = p[:, 0], p[:, 2]
        joint = (x % 1.2 < 0.04) | (z % 1.2 < 0.04)
        c = mix(tar, mix(slab, slab * 0.6, joint), np.abs(x) > 3.1)
        c = mix(c, paint, (np.abs(x) < 2.8) & (x % 0.8 < 0.4) & (np.abs(z - 2.9) < 0.9))
        return c * (0.6 + 0.5 * fbm(p * 1.3, 4) + 0.35 * noise(p * 30))[:, None]
    walls = ["9c8f7f", "7d5c4c", "a7a9a5", "6f7780", "b59f86", "8a6f63", "9aa0a8"]
    things = [floor(ground)]
    spots = [(-6.2, -4, 2.2, 3.6), (-6.4, -10.5, 2.6, 5.2), (6.3, -3, 2.2, 2.9), (6.6, -9, 2.6, 4.6),
             (-7.0, -18, 3.0, 7.0), (7.2, -17, 3.2, 6.0), (0.8, -28, 4.0, 5.6)]
    for k, (x, z, w, h) in enumerate(spots):
        things.append(Thing("box", (x, h, z), (w, h, 2.6), windows(0.95, 1.15, walls[k], k), k + 1))
    things += [Thing("box", (-2.4, 0.42, 0.5), (0.55, 0.28, 1.25), plain("8c1f22", 0.1), 8, gloss=0.5),
               Thing("box", (-2.4, 0.86, 0.4), (0.48, 0.22, 0.7), plain("1f262c"), 8, gloss=0.8),
               Thing("box", (2.3, 0.42, -3.5), (0.55, 0.28, 1.25), plain("23507c", 0.1), 9, gloss=0.5),
               Thing("box", (2.3, 0.86, -3.6), (0.48, 0.22, 0.7), plain("1f262c"), 9, gloss=0.8),
               Thing("cylinder", (3.4, 1.6, 1.5), (0.07, 1.6, 0.07), plain("3c4146"), 10)]

    def sky(d):
        cloud = step(0.45, 0.75, fbm(d / (np.abs(d[:, 1:2]) + 0.15) * 1.3, 4))
        return mix(mix(rgb("dfe3e6"), rgb("7fa3cc"), np.clip(d[:, 1] * 2.2, 0, 1)), rgb("f2f2f0"), 0.7 * cloud)
    return Scene(things, (0.3, 2.0, 9.5), (0, 2.5, -4), 44, ((14, 22, 10), 1.5, 0.95), 0.45, sky=sky, haze=0.012)


def road(rng):
    asphalt, line, grass, verge = rgb("4a4b4d"), rgb("dcdad2"), rgb("566b35"), rgb("8b8068")

    def ground(p):
        x, z = p[:, 0] + 0.004 * (p[:, 2] - 6) ** 2 * 0.6, p[:, 2]
        c = mix(grass, verge, step(4.6, 3.9, np.abs(x)))
        c = mix(c, asphalt, np.abs(x) < 3.6)
        dash = (np.abs(x) < 0.09) & (z % 4 < 2.2)
        c = mix(c, line, (np.abs(np.abs(x) - 3.3) < 0.08) | dash)
        return c * (0.45 + 0.6 * fbm(p * 3, 4) + 0.5 * noise(p * 25))[:, None]
    things = [floor(ground)]
    for k, (x, z, color) in enumerate([(1.6, -2.5, "a8241f"), (-2.2, -11, "d9d9d6"), (-0.4, -24, "2a4a7a")]):
        things += [Thing("box", (x, 0.55, z), (0.85, 0.32, 1.9), plain(color, 0.1), k + 1, gloss=0.5),
                   Thing("box", (x, 1.08, z - 0.1), (0.72, 0.27, 1.0), plain("20262b"), k + 1, gloss=0.9)]
        things += [Thing("cylinder", (x + s * 0.72, 0.3, z + f), (0.3, 0.14, 0.3), plain("161616"), k + 1,
                         turn=(0, 0, 90)) for s in (-1, 1) for f in (-1.2, 1.2)]
    for k, (x, z, h) in enumerate([(-7.2, -4, 1.0), (7.4, -7, 1.2), (-8.2, -14, 1.25), (6.4, -20, 1.2), (-9.5, -27, 1.5),
                                   (10.5, -14, 1.4)]):
        things += [Thing("cylinder", (x, 1.0 * h, z), (0.22, 1.0 * h, 0.22), plain("4e3a2a", 0.6, 6), k + 4),
                   Thing("sphere", (x, 2.9 * h, z), (1.5 * h, 1.7 * h, 1.5 * h), plain("3d5a2a", 0.9, 4), k + 4,
                         bump=lambda p: 0.5 * fbm(p * 3.2, 3))]
    things.append(Thing("box", (4.3, 1.1, -3.0), (0.05, 1.1, 0.05), plain("8c8f92"), 10))
    things.append(Thing("cylinder", (4.3, 2.3, -2.9), (0.42, 0.03, 0.42), plain("c23b2c"), 10, turn=(12, 90, 0)))

    def sky(d):
        cloud = step(0.5, 0.8, fbm(d / (np.abs(d[:, 1:2]) + 0.12) * 1.1, 5))
        return mix(mix(rgb("e8e6df"), rgb("6f97c4"), np.clip(d[:, 1] * 2.5, 0, 1)), rgb("f5f4f0"), 0.6 * cloud)
    return Scene(things, (0.7, 1.9, 7.5), (0.2, 1.3, -4), 42, ((-16, 20, 8), 1.5, 0.95), 0.4, sky=sky, haze=0.012)


def drums(rng):
    things = [floor(plain("7a746a", 0.7, 2)), Thing("box", (0, 4, -3.2), (FAR, 8, 0.5), bricks())]
    colors = ["7d8a93", "9a5b3a", "6d7f62", "8f8f93"]
    k = 0
    for level in range(3):
        for i in range(4 - level):
            k += 1
            x, y = (i - (3 - level) / 2) * 1.14 - 0.4, 0.55 + level * 0.98
            things.append(Thing("cylinder", (x, y, -0.7 + rng.uniform(-0.25, 0.25)), (0.54, 1.5, 0.54),
                                plain(colors[k % 4], 0.5, 3), k, turn=(0, 90, 0), gloss=0.35))
    things.append(Thing("cylinder", (2.55, 0.65, 0.1), (0.5, 0.65, 0.5), stripes("a5482a", "8b3a20", 1, 0.22), k + 1))
    things.append(Thing("box", (-2.9, 0.45, 0.7), (0.5, 0.45, 0.45), wood("a88457", "6a4826", 1.5), k + 2,
                        turn=(33, 0, 0)))
    return Scene(things, (0.9, 2.3, 7.3), (-0.1, 1.25, 0), 36, ((5, 6.5, 5.5), 0.9, 0.95), 0.3, lens=0.06)


def toy_blocks(rng):
    things = [floor(plain("b8aa94", 0.35, 6)), Thing("box", (0, 4, -5.5), (FAR, 8, 0.5), plain("6f8391", 0.3, 0.7))]
    spec = [("box", (-1.5, 0.5, -0.3), 0.5, "c23b2c", 20), ("box", (-0.3, 0.5, -0.9), 0.5, "2f66a8", -15),
            ("box", (-0.95, 1.5, -0.6), 0.5, "d9a514", 38), ("box", (1.1, 0.35, 0.5), (0.9, 0.35, 0.35), "4c8a4a", -25),
            ("cylinder", (0.9, 1.2, 0.5), (0.33, 0.5, 0.33), "8c5aa0", 0), ("box", (2.1, 0.5, -1.6), 0.5, "d8d0c0", 10),
            ("cylinder", (0.2, 0.3, 1.7), (0.42, 0.3, 0.42), "e07b39", 0), ("sphere", (-1.1, 0.38, 1.5), 0.38, "3a8f93", 0),
            ("sphere", (2.1, 1.45, -1.6), 0.45, "b03a5b", 0)]
    for k, (kind, centre, size, color, yaw) in enumerate(spec):
        skin = wood(color, color, 1.0) if k in (0, 3) else plain(color, 0.2, 7)
        things.append(Thing(kind, centre, size, skin, k + 1, turn=(yaw, 0, 0), gloss=0.35, sharp=50))
    return Scene(things, (-1.2, 3.0, 6.2), (0.2, 0.75, 0), 36, ((3.5, 7, 3.0), 0.8, 0.95), 0.35, lens=0.09)


def pebbles(rng):
    things = [floor(plain("a89878", 0.9, 14), bump=lambda p: 0.03 * fbm(p * 9, 3))]
    tones = ["8a8478", "6f6a66", "a39a8a", "54575c", "b5ac9c", "7b6a5c"]
    for k in range(26):
        s = rng.uniform(0.2, 0.55) * np.array([1, rng.uniform(0.45, 0.7), rng.uniform(0.7, 1.0)])
        at = (rng.uniform(-2.6, 2.6), s[1] * 0.75, rng.uniform(-2.6, 2.4))
        things.append(Thing("sphere", at, s, plain(tones[k % 6], 0.7, 6), k + 1, turn=(rng.uniform(0, 180), 0, 0),
                            gloss=0.15, bump=lambda p: 0.05 * fbm(p * 6, 3)))
    return Scene(things, (0, 2.5, 4.7), (0, 0.1, -0.1), 38, ((-5, 5, 2), 0.8, 0.95), 0.32, lens=0.12, w=400, h=300)


# --- painted in layers ---

def texture(x, y, scale, octaves=4, z=0.0):
    return fbm(np.stack([x * scale, y * scale, np.full(x.shape, z)], -1), octaves)


def lit(height, x, color, strength=1.0, from_left=0.6, from_top=0.8):
    """Colour of a surface height(x, y) in pixels under a light from the upper left."""
    gy, gx = np.gradient(height, x[0, 1] - x[0, 0])
    shade = 1 + strength * (from_left * gx + from_top * gy) / np.sqrt(1 + gx * gx + gy * gy)
    return color * np.clip(shade, 0.05, 2)[..., None]


def everywhere(color):
    return lambda x, y: (np.ones(x.shape, bool), color(x, y))


def machine_parts(rng):
    pic = Layers()
    pic.paint((0, 0, 640, 480), everywhere(lambda x, y: lit(
        0.8 * texture(x, y, 0.02, 2) + 0.9 * texture(x, y * 0.08, 0.35, 2), x,
        np.multiply.outer(0.05 + 0.05 * texture(x, y, 0.01), [1, 1, 1.05]), 0.5)))

    def gear(cx, cy, r, teeth, turn):
        def layer(x, y):
            rho, phi = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx) + turn
            tooth = np.clip(np.cos(teeth * phi) * 2.2, -1, 1)
            d = np.maximum(rho - r - 0.09 * r * tooth, 0.26 * r - rho)
            for k in range(5):
                a = 2 * np.pi * k / 5 - turn
                d = np.maximum(d, 0.13 * r - np.hypot(x - cx - 0.58 * r * np.cos(a), y - cy - 0.58 * r * np.sin(a)))
            height = 3.5 * step(0, -5, d)
            brushed = 0.75 + 0.3 * fbm(np.stack([rho * 0.9, phi * 2, 0 * rho], -1), 2)
            return d < 0, lit(height, x, rgb("a8abad") * 0.8 * brushed[..., None], 0.9)
        return (cx - 1.15 * r, cy - 1.15 * r, cx + 1.15 * r, cy + 1.15 * r), layer

    def nut(cx, cy, r, turn):
        def layer(x, y):
            rho, phi = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx) + turn
            d = np.maximum(rho * np.cos((phi % (np.pi / 3)) - np.pi / 6) - r * 0.88, 0.48 * r - rho)
            height = 3 * step(0, -4, d) + 2 * step(r * 0.95, r * 0.8, rho) - 3 * step(0.6 * r, 0.5 * r, rho)
            tone = 0.8 + 0.25 * texture(x, y, 0.08)
            return d < 0, lit(height, x, rgb("9c8a5a") * tone[..., None], 0.9)
        return (cx - r * 1.1, cy - r * 1.1, cx + r * 1.1, cy + r * 1.1), layer

    def bolt(cx, cy, length, r, turn):
        def layer(x, y):
            u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
            v = -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)
            shaft = np.maximum(np.abs(u - length / 2) - length / 2, np.abs(v) - r * (1 + 0.08 * np.cos(u * 1.1)))
            head = np.maximum(np.abs(u + r) - r, np.abs(v) - 2 * r)
            d = np.minimum(shaft, head)
            wide = np.where(head < shaft, 2 * r, r)
            height = np.sqrt(np.clip(wide ** 2 - v * v, 0, None)) * 0.8 + 1.2 * np.cos(u * 1.1) * (u > 0)
            return d < 0, lit(height, x, np.broadcast_to(rgb("8b9096") * 0.8, x.shape + (3,)), 0.8)
        a = length + 3 * r
        return (cx - a, cy - a, cx + a, cy + a), layer

    shadow = (7, 9, 5, 0.75)
    parts = [gear(190, 170, 112, 22, 0.1), gear(395, 300, 92, 18, 0.3), bolt(90, 400, 120, 13, -0.35),
             nut(300, 95, 38, 0.2), nut(545, 120, 46, 0.5), bolt(430, 90, 95, 11, 0.9), gear(560, 385, 58, 14, 0.0),
             nut(255, 405, 34, 0.9), nut(395, 300, 40, 0.35), bolt(70, 70, 70, 9, 1.1), nut(486, 440, 26, 0.0)]
    for k, (box, layer) in enumerate(parts):
        pic.paint(box, layer, k + 1, soft=0.4, shadow=shadow)
    return pic


def cells(rng):
    pic = Layers(480, 360)
    pic.paint((0, 0, 480, 360), everywhere(lambda x, y: np.multiply.outer(
        0.035 + 0.05 * texture(x, y, 0.012) ** 2, [1, 1, 1])))
    for k in range(34):
        cx, cy, r = rng.uniform(0, 480), rng.uniform(0, 360), rng.uniform(13, 27)
        stretch, turn, lobes, bright = rng.uniform(0.65, 1.0), rng.uniform(0, np.pi), rng.random(3), rng.uniform(0.2, 0.75)

        def layer(x, y, cx=cx, cy=cy, r=r, stretch=stretch, turn=turn, lobes=lobes, bright=bright, z=k * 3.7):
            u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
            v = (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / stretch
            rho, phi = np.hypot(u, v) / r, np.arctan2(v, u)
            edge = 1 + 0.06 * np.cos(2 * phi + 6 * lobes[0]) + 0.05 * np.cos(3 * phi + 6 * lobes[1])
            dome = np.sqrt(np.clip(1 - (rho / edge) ** 2, 0, 1))
            grain = 0.6 + 0.8 * texture(x, y, 0.14, 3, z)
            spots = 0.5 * step(0.66, 0.8, texture(x, y, 0.22, 2, z + 50))
            return rho < edge, np.multiply.outer(bright * (0.35 + 0.65 * dome) * (grain + spots), [1, 1, 1])
        pic.paint((cx - 1.2 * r, cy - 1.2 * r, cx + 1.2 * r, cy + 1.2 * r), layer, k + 1,
                  soft=float(rng.choice([0.8, 1.2, 2.2], p=[0.4, 0.4, 0.2])))
    return pic


def leaves(rng):
    pic = Layers()
    pic.paint((0, 0, 640, 480), everywhere(lambda x, y: mix(
        rgb("2c2419"), rgb("5a4a33"), texture(x, y, 0.03, 5)) * (0.5 + texture(x, y, 0.2, 2))[..., None]))
    greens = [("41602a", "7f9a48"), ("2f5130", "5f8a52"), ("8a7a2c", "b89a45"), ("7a3d22", "b5653a"), ("54702f", "93a85c")]
    for k in range(36):
        cx, cy, length, turn = rng.uniform(0, 640), rng.uniform(0, 480), rng.uniform(85, 165), rng.uniform(0, 2 * np.pi)
        width, bend = rng.uniform(0.2, 0.32) * length, rng.uniform(-0.35, 0.35)
        dark, light = (rgb(c) for c in greens[int(rng.integers(5))])

        def layer(x, y, cx=cx, cy=cy, length=length, turn=turn, width=width, bend=bend, dark=dark, light=light, z=k * 5.1):
            u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / length
            v = (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / length - bend * (u * u - 0.25)
            half = width / length * np.clip(1 - 4 * u * u, 0, 1) ** 0.75 * (1 - 0.45 * u)
            teeth = 0.012 * np.abs((u * 14) % 1 - 0.5)
            inside = np.abs(v) < half - teeth
            vein = step(0.014, 0.006, np.abs(v)) + 0.7 * step(0.1, 0.03, np.abs(((u - 0.9 * np.abs(v)) * 9) % 1 - 0.5))
            height = (length * 0.12) * np.sqrt(np.clip(1 - (v / np.maximum(half, 1e-3)) ** 2, 0, 1)) * half
            height = height + 0.9 * texture(x, y, 0.05, 3, z) * 6
            c = mix(dark, light, np.clip(texture(x, y, 0.02, 4, z) * 1.3 - 0.2 + 0.35 * np.clip(vein, 0, 1), 0, 1))
            return inside, lit(height, x, c * 1.1, 0.9)
        pic.paint((cx - length * 0.7, cy - length * 0.7, cx + length * 0.7, cy + length * 0.7), layer, k + 1,
                  soft=[1.6, 0.8, 0.3][min(2, k // 9)], shadow=(5, 7, 5, 0.55))
    return pic


def ridges(rng):
    pic = Layers()

    def sky(x, y):
        cloud = step(0.5, 0.8, fbm(np.stack([x * 0.006, y * 0.016, 0 * x], -1), 5))
        return mix(mix(rgb("5f8dc0"), rgb("ecd9c0"), np.clip(y / 260, 0, 1)), rgb("f4efe8"), 0.7 * cloud)
    pic.paint((0, 0, 640, 480), everywhere(sky))
    sun = rgb("fff6dc")
    pic.paint((455, 45, 505, 95), lambda x, y: (np.hypot(x - 480, y - 70) < 21, np.broadcast_to(sun, x.shape + (3,))), 1,
              soft=1.0)
    haze = rgb("cfc9c6")
    for k in range(6):
        base, tall, phase = 175 + 48 * k, 85 - 7 * k, float(rng.uniform(0, 100))
        rock, green = rgb("6b625c"), rgb("3f4f2c")

        def layer(x, y, k=k, base=base, tall=tall, phase=phase):
            line = x[:1] * (0.0055 + 0.0012 * k) + phase
            top = base - tall * (2 * fbm(np.stack([line, 0 * line, 0 * line + k], -1), 6) - 0.75)
            slope = 60 * fbm(np.stack([x * 0.012 + phase, (y - top) * 0.02 + 0.01 * x, 0 * x + k], -1), 5)
            c = mix(rock, green, np.clip(0.2 * k + (y - top) / 140, 0, 1))
            c = lit(slope, x, c * (0.75 + 0.5 * texture(x, y, 0.25, 2))[..., None], 0.8)
            return y > top, mix(c, haze, np.full(x.shape, 0.72 * (1 - k / 5.5) ** 1.3))
        pic.paint((0, 0, 640, 480), layer, k + 2, soft=[0.9, 0.6, 0.4, 0.4, 0.4, 1.0][k])

    for k in range(5):
        cx, foot, h = [60, 130, 235, 520, 600][k], [470, 440, 476, 455, 484][k], [150, 105, 90, 120, 170][k]

        def tree(x, y, cx=cx, foot=foot, h=h):
            v = (foot - y) / h
            tier = 0.55 + 0.45 * (1 - (v * 6) % 1)
            ragged = 0.75 + 0.5 * texture(x, y, 0.12, 3, cx)
            crown = (v > 0.1) & (v < 1) & (np.abs(x - cx) < h * 0.2 * (1.05 - v) * tier * ragged * 1.6)
            trunk = (v >= 0) & (v <= 0.12) & (np.abs(x - cx) < h * 0.025)
            leaf = mix(rgb("16210f"), rgb("42562b"), np.clip(texture(x, y, 0.15, 3) * 1.4 - 0.3 - (x - cx) / h, 0, 1))
            return crown | trunk, np.where(trunk[..., None] & ~crown[..., None], rgb("3a2a1c"), leaf)
        pic.paint((cx - h * 0.5, foot - h, cx + h * 0.5, foot), tree, k + 8, soft=0.5)
    return pic


# name, maker, file type, what happens between the light and the file
SCENES = [
    ("01-still-life", still_life, "jpg", {}),
    ("02-checker-spheres", checker_spheres, "jpg", {}),
    ("03-coins", coins, "gray.png", {"grain": 0.8}),
    ("04-machine-parts", machine_parts, "gray.jpg", {"exposure": 1.3, "grain": 1.2}),
    ("05-cells", cells, "gray16.png", {"vignette": 0.15, "grain": 1.5, "psf": 0.8}),
    ("06-leaves", leaves, "jpg", {"exposure": 1.6}),
    ("07-ridges", ridges, "jpg", {"vignette": 0.2}),
    ("08-street", street, "jpg", {}),
    ("09-road", road, "jpg", {}),
    ("10-drums", drums, "progressive.jpg", {"exposure": 1.1}),
    ("11-toy-blocks", toy_blocks, "jpg", {}),
    ("12-pebbles", pebbles, "png", {"exposure": 1.15, "grain": 0.5}),
]


def save(picture, path, kind):
    """kind: what SCENES says; gray is the Rec. 709 weighting of the finished picture."""
    if kind.startswith("gray"):
        picture = picture @ [0.2126, 0.7152, 0.0722]
    if kind == "gray16.png":  # 12 significant bits, as a camera's
        Image.fromarray((np.rint(picture * 4095) * 65535 / 4095).astype(np.uint16)).save(path, optimize=True)
        return
    image = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    if kind.endswith("jpg"):
        image.save(path, quality=92, progressive=kind.startswith("progressive"), optimize=True)
    else:
        image.save(path, optimize=True)


def main(names):
    for sub in ("images", "masks", "boundaries"):
        (OUT / sub).mkdir(parents=True, exist_ok=True)
    for number, (name, make, kind, camera) in enumerate(SCENES, 1):
        if names and name not in names:
            continue
        rng = np.random.Generator(np.random.PCG64([SEED, number]))
        scene = make(rng)
        if isinstance(scene, Scene):
            ids, light = scene.mask(), scene.render(rng)
        else:
            ids, light = scene.ids, scene.render()
        save(develop(light, rng, **camera), OUT / "images" / f"{name}.{kind.split('.')[-1]}", kind)
        Image.fromarray(ids).save(OUT / "masks" / f"{name}.png", optimize=True)
        Image.fromarray(boundaries(ids)).convert("1").save(OUT / "boundaries" / f"{name}.png", optimize=True)
        print(f"{name}: {ids.shape[1]}x{ids.shape[0]}, {len(np.unique(ids[ids > 0]))} objects")


if __name__ == "__main__":
    main(sys.argv[1:])
