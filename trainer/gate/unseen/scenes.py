"""Draws photographs: land, faces, rooms, trees, towns, textures, and films on a light box aslant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from trainer.gate.unseen.shapes import (
    clouds,
    curve,
    folds,
    font,
    one_of,
    plane,
    region,
    resized,
    seen_aslant,
    shown,
    softened,
    to_image,
    to_picture,
    words,
)

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture, Plane, Point

_HEIGHT: Final = 210
_WIDTH: Final = 280
_SHAPE: Final = (_HEIGHT, _WIDTH)
_Y, _X = plane(_HEIGHT, _WIDTH)


def photograph(film: Picture, rng: np.random.Generator) -> Picture:
    """A scene through a lens: its corners darker, its grain, upright or across."""
    scenes = (land, portrait, room, tree, town, texture)
    seen = light_box(film, rng) if rng.random() < 0.2 else one_of(scenes, rng)(rng)
    seen = seen * (1 - rng.uniform(0, 0.35) * (_X**2 + _Y**2) / 2.7) ** rng.uniform(0.8, 1.5)
    picture = shown(seen + rng.standard_normal(_SHAPE) * rng.uniform(0.0, 0.04))
    if rng.random() < 0.3:
        left = int(rng.integers(0, _WIDTH - 160))
        picture = picture[:, left : left + 160]
    scale = rng.uniform(1.0, 1.5)
    return resized(picture, int(picture.shape[0] * scale), int(picture.shape[1] * scale))


def land(rng: np.random.Generator) -> Plane:
    """Ridges of noise that pale with distance, clouds, a sun, and now and then water that mirrors them."""
    level = rng.uniform(0.55, 0.9) - 0.15 * _Y + 0.08 * np.maximum(clouds(_SHAPE, 1.7, rng), 0)
    level += 0.5 * np.exp(
        -((np.hypot(_X - rng.uniform(-1, 1), _Y + rng.uniform(0.2, 0.8)) / rng.uniform(0.05, 0.3)) ** 2)
    )
    layers = int(rng.integers(2, 6))
    for number in range(layers):
        ridge = clouds((4, _WIDTH), rng.uniform(1.2, 1.8), rng)[0] * 0.12 + (number - layers / 2) * 0.22 + 0.1
        dark = 0.55 - 0.45 * number / layers + 0.05 * (1 + number) * clouds(_SHAPE, 0.7, rng) / 3
        level = np.where(ridge[None, :] < _Y, dark, level)
    if rng.random() < 0.4:
        shore = int(_HEIGHT * rng.uniform(0.6, 0.75))
        water = level[shore - (_HEIGHT - shore) : shore][::-1]
        moved = np.roll(water, 1, axis=1) * 0.8 + 0.06 * clouds(water.shape, 0.5, rng)
        level[shore:] = moved
    return np.asarray(level)


def portrait(rng: np.random.Generator) -> Plane:
    """A head and shoulders before blurred lights: hair, brows, eyes, nose, mouth, sometimes glasses; one or three."""
    level = softened(shown(0.45 + 0.25 * clouds(_SHAPE, 1.2, rng)), 6)
    for middle in rng.uniform(-0.25, 0.25) + np.array([(0.0,), (-0.85, 0.0, 0.85)][int(rng.random() < 0.3)]):
        level = _face(np.asarray(level), float(middle), rng.uniform(0.4, 0.5), rng)
    return level


def _face(level: Plane, middle: float, size: float, rng: np.random.Generator) -> Plane:
    skin, hair, cloth = rng.uniform(0.3, 0.85), rng.uniform(0.05, 0.6), rng.uniform(0.1, 0.9)

    def at(points: list[Point]) -> list[Point]:
        return curve([(middle + px * size, py * size) for px, py in points], closed=True)

    def laid(over: float | Plane, points: list[Point], soft: float = 1.0) -> Plane:
        inside = region(_SHAPE, at(points), soft)
        return level * (1 - inside) + over * inside

    level = laid(cloth, [(-1.5, 2.6), (-1.2, 1.5), (-0.4, 1.2), (0.4, 1.2), (1.2, 1.5), (1.5, 2.6)])
    level = laid(skin * 0.8, [(-0.35, 0.6), (0.35, 0.6), (0.4, 1.5), (-0.4, 1.5)], 2)
    long = rng.uniform(0.0, 1.4)
    level = laid(hair, [(-0.85, long), (-0.9, -0.6), (-0.4, -1.2), (0.4, -1.2), (0.9, -0.6), (0.85, long)], 2)
    lit = skin * (1 + rng.uniform(-0.3, 0.3) * (_X - middle) / size)
    level = laid(
        lit, [(-0.65, -0.3), (-0.4, -0.85), (0.4, -0.85), (0.65, -0.3), (0.5, 0.6), (0.0, 0.95), (-0.5, 0.6)], 1.5
    )
    for side in (-0.28, 0.28):
        level = laid(0.9, [(side - 0.15, -0.1), (side, -0.18), (side + 0.15, -0.1), (side, -0.03)])
        level = laid(0.08, [(side - 0.05, -0.1), (side, -0.16), (side + 0.05, -0.1), (side, -0.04)])
        level = laid(hair * 0.7, [(side - 0.2, -0.3), (side, -0.4), (side + 0.2, -0.3), (side, -0.33)])
    level = laid(skin * 0.75, [(-0.1, 0.3), (0.0, -0.05), (0.12, 0.3), (0.0, 0.36)], 2)
    smile = rng.uniform(0.0, 0.12)
    return laid(skin * 0.45, [(-0.25, 0.58 - smile), (0.0, 0.55), (0.25, 0.58 - smile), (0.0, 0.66 + smile)])


def room(rng: np.random.Generator) -> Plane:
    """A box in perspective: boards, a window with light, a door, pictures, a bed or table of blocks."""
    image = Image.new("L", (_WIDTH, _HEIGHT), int(rng.integers(130, 220)))
    draw = ImageDraw.Draw(image)
    vx, vy = _WIDTH * rng.uniform(0.35, 0.65), _HEIGHT * rng.uniform(0.35, 0.55)

    def seen(px: float, py: float, depth: float) -> Point:
        return vx + (px * _WIDTH * 0.75) / depth, vy + (py * _HEIGHT * 0.75) / depth

    def quad(corners: list[tuple[float, float, float]], grey: float) -> None:
        draw.polygon([seen(*corner) for corner in corners], fill=int(np.clip(grey, 0, 255)))

    walls, back = rng.uniform(90, 220), rng.uniform(2.0, 4.0)
    quad([(-1, -1, 0.5), (1, -1, 0.5), (1, -1, back), (-1, -1, back)], walls * 1.15)
    for board in range(10):
        left = -1 + board * 0.2
        grey = rng.uniform(60, 110)
        quad([(left, 1, 0.5), (left + 0.2, 1, 0.5), (left + 0.2, 1, back), (left, 1, back)], grey)
    quad([(-1, -1, 0.5), (-1, 1, 0.5), (-1, 1, back), (-1, -1, back)], walls * 0.75)
    quad([(1, -1, 0.5), (1, 1, 0.5), (1, 1, back), (1, -1, back)], walls * 0.9)
    quad([(-1, -1, back), (1, -1, back), (1, 1, back), (-1, 1, back)], walls)
    left = rng.uniform(-0.8, 0.1)
    quad([(left, -0.6, back), (left + 0.6, -0.6, back), (left + 0.6, 0.2, back), (left, 0.2, back)], 250)
    quad([(left + 0.28, -0.6, back), (left + 0.32, -0.6, back), (left + 0.32, 0.2, back), (left + 0.28, 0.2, back)], 90)
    near = rng.uniform(0.9, 1.4)
    quad([(1, -0.4, near), (1, 1, near), (1, 1, near + 0.5), (1, -0.4, near + 0.5)], rng.uniform(30, 140))
    for _ in range(int(rng.integers(1, 5))):
        px, wide, high, front = (
            rng.uniform(-0.9, 0.5),
            rng.uniform(0.2, 0.7),
            rng.uniform(0.2, 0.8),
            rng.uniform(1, back - 0.5),
        )
        deep, grey = front + rng.uniform(0.2, 0.5), rng.uniform(40, 200)
        top = 1 - high
        quad([(px, top, front), (px + wide, top, front), (px + wide, top, deep), (px, top, deep)], grey * 1.2)
        quad([(px, top, front), (px + wide, top, front), (px + wide, 1, front), (px, 1, front)], grey)
    light = 1 + rng.uniform(0, 0.4) * np.exp(-((_X - rng.uniform(-1, 1)) ** 2 + _Y**2))
    return np.asarray(to_picture(image.filter(ImageFilter.GaussianBlur(0.7))) * light + 0.02 * clouds(_SHAPE, 1.2, rng))


def tree(rng: np.random.Generator) -> Plane:
    """A plant by an L-system before a sky, on grass."""
    rule = str(rng.choice(["F[+F]F[-F]F", "FF-[-F+F+F]+[+F-F-F]", "F[+F][-F]FF"]))
    text = "F"
    for _ in range(3 if len(rule) < 18 else 2):
        text = text.replace("F", rule)
    image = to_image(shown(0.75 - 0.2 * _Y + 0.1 * clouds(_SHAPE, 1.6, rng)))
    draw = ImageDraw.Draw(image)
    kept: list[tuple[float, float, float]] = []
    step, turn = 190 / (2.2 * text.count("F") ** 0.5) / 1.1, np.radians(rng.uniform(22, 45))
    px, py, angle = _WIDTH * rng.uniform(0.3, 0.7), _HEIGHT * 0.95, -np.pi / 2
    for sign in text:
        if sign == "F":
            to = px + step * np.cos(angle), py + step * np.sin(angle)
            draw.line([px, py, *to], fill=40, width=3 if len(kept) < 1 else 2)
            if len(kept) > 1 and rng.random() < 0.5:
                draw.ellipse([to[0] - 3, to[1] - 2, to[0] + 3, to[1] + 3], fill=int(rng.integers(50, 120)))
            px, py = to
        elif sign in "+-":
            angle += turn * (1 if sign == "+" else -1) * rng.uniform(0.7, 1.3)
        elif sign == "[":
            kept.append((px, py, angle))
        else:
            px, py, angle = kept.pop()
    grass = 0.3 + 0.1 * clouds(_SHAPE, 0.4, rng)
    return np.where(0.8 + 0.03 * np.sin(_X * 3) < _Y, grass, to_picture(image))


def town(rng: np.random.Generator) -> Plane:
    """Houses with windows against a sky, by day or by night, a street with cars below."""
    night = rng.random() < 0.4
    image = to_image(shown((0.1 if night else 0.75) - 0.1 * _Y + 0.06 * clouds(_SHAPE, 1.7, rng)))
    draw, left = ImageDraw.Draw(image), 0
    while left < _WIDTH:
        wide, top = int(rng.integers(25, 75)), int(_HEIGHT * rng.uniform(0.1, 0.6))
        wall = int(rng.integers(15, 60) if night else rng.integers(70, 210))
        draw.rectangle([left, top, left + wide, _HEIGHT], fill=wall)
        if rng.random() < 0.4:
            draw.polygon([(left, top), (left + wide / 2, top - 20), (left + wide, top)], fill=wall // 2)
        for row in range(top + 7, _HEIGHT - 35, int(rng.integers(11, 18))):
            for column in range(left + 5, left + wide - 6, 11):
                lit = rng.random() < (0.35 if night else 0.1)
                draw.rectangle([column, row, column + 5, row + 7], fill=230 if lit else wall // 3)
        left += wide
    draw.rectangle([0, _HEIGHT - 28, _WIDTH, _HEIGHT], fill=45)
    for _ in range(int(rng.integers(1, 5))):
        px, grey = int(rng.integers(0, _WIDTH - 50)), int(rng.integers(40, 240))
        draw.rounded_rectangle([px, _HEIGHT - 26, px + 44, _HEIGHT - 12], 5, fill=grey)
        draw.rounded_rectangle([px + 9, _HEIGHT - 36, px + 34, _HEIGHT - 24], 5, fill=grey)
        for wheel in (px + 6, px + 30):
            draw.ellipse([wheel, _HEIGHT - 16, wheel + 9, _HEIGHT - 7], fill=5)
    return to_picture(image)


def texture(rng: np.random.Generator) -> Plane:
    """Wood, bricks, pebbles, cloth, a zebra's or a coral's labyrinth: close, evenly lit."""
    which = int(rng.integers(0, 5))
    if which == 0:
        rings = np.hypot(_X * 0.35 + 0.1 * clouds(_SHAPE, 2.0, rng), _Y + rng.uniform(-2, 2))
        return 0.5 + 0.2 * np.sin(rings * rng.uniform(30, 70)) + 0.05 * clouds(_SHAPE, 0.5, rng)
    if which == 1:
        row = np.floor(_Y * 6)
        gap = (np.abs(_Y * 6 % 1 - 0.5) > 0.44) | (np.abs((_X * 2.5 + 0.5 * row) % 1 - 0.5) > 0.47)
        tone = np.sin(row * 12.9 + np.floor(_X * 2.5 + 0.5 * row) * 78.2) * 0.1
        return np.where(gap, 0.75, 0.4 + tone) + 0.05 * clouds(_SHAPE, 0.6, rng)
    if which == 2:
        seeds = rng.uniform((-1.4, -1.1), (1.4, 1.1), (32, 2))
        apart = np.hypot(_X[..., None] - seeds[:, 0], _Y[..., None] - seeds[:, 1])
        away = np.partition(apart.astype(np.float32), 1, axis=2)
        return np.clip((away[..., 1] - away[..., 0]) * 5, 0, 0.6) + 0.25 * np.exp(-away[..., 0] * 8)
    if which == 3:
        fine = rng.uniform(20, 60)
        return (
            0.5 + 0.2 * np.sin(_X * fine) * np.sign(np.sin(_Y * fine)) + 0.15 * np.sin(_X * 4 + clouds(_SHAPE, 2, rng))
        )
    return 0.5 + 0.45 * np.tanh(3 * folds(_SHAPE, rng.uniform(10, 30), rng))


def light_box(film: Picture, rng: np.random.Generator) -> Plane:
    """A film on a light box in a dark room, from aside: bright borders, a clip, the room's things around."""
    sheet = Image.new("L", (200, 150), int(rng.integers(225, 256)))
    small = to_image(film).resize((int(rng.integers(75, 105)), int(rng.integers(95, 120))))
    sheet.paste(small, (int(rng.integers(5, 90)), 15))
    ImageDraw.Draw(sheet).rectangle([0, 0, 200, 9], fill=90)
    left, right, top, low = _WIDTH * 0.18, _WIDTH * 0.82, _HEIGHT * 0.15, _HEIGHT * 0.85
    near = rng.uniform(-45, 45)
    corners = [(left, top - near * 0.5), (right, top + near * 0.5), (right, low - near * 0.4), (left, low + near * 0.6)]
    turned = [(px + rng.uniform(-14, 14), py + rng.uniform(-10, 10)) for px, py in corners]
    level = to_picture(seen_aslant(sheet, (_WIDTH, _HEIGHT), turned, 0))
    behind = softened(shown(0.16 + 0.06 * clouds(_SHAPE, 1.5, rng)), 2)
    lamp = 0.3 * np.exp(-((_X - rng.uniform(-1, 1)) ** 2 + (_Y - rng.uniform(-1, 1)) ** 2) / 0.04)
    image = to_image(np.where(level > 0.01, level, behind) + lamp)
    ImageDraw.Draw(image).text((8, _HEIGHT - 16), words(3, rng), int(rng.integers(80, 200)), font(10))
    return to_picture(image)
