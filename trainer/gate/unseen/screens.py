"""Draws what a screen shows: windows, terminals, sheets, charts, code, a viewer with a film in a small pane of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from trainer.gate.unseen.shapes import clouds, fitted, font, one_of, resized, shown, to_image, to_picture, word, words

if TYPE_CHECKING:
    from trainer.gate.unseen.shapes import Picture

_WIDTH: Final = 512
_HEIGHT: Final = 320
_MOST_FILM: Final = 0.5  # of the screen's area
Draw = ImageDraw.ImageDraw


def screenshot(film: Picture, rng: np.random.Generator) -> Picture:
    """One screen, without grain; at most a half of it is film."""
    screens = (viewer, viewer, worklist, desktop, terminal, editor, charts, sheet, page, dialogue)
    dark = rng.random() < 0.5
    paper = int(rng.integers(10, 70)) if dark else int(rng.integers(200, 256))
    image = Image.new("L", (_WIDTH, _HEIGHT), paper)
    one_of(screens, rng)(image, film, paper, rng)
    if rng.random() < 0.15:
        image = image.crop((0, 0, int(_WIDTH * rng.uniform(0.85, 0.95)), _HEIGHT))
    return resized(
        to_picture(image), int(image.height * rng.uniform(0.9, 1.4)), int(image.width * rng.uniform(0.9, 1.4))
    )


def viewer(image: Image.Image, film: Picture, paper: int, rng: np.random.Generator) -> None:
    """A film in one pane, with tools, thumbnails, a list of studies and letters at its corners."""
    draw, ink = ImageDraw.Draw(image), _ink(paper)
    left, top = int(rng.integers(70, 170)), int(rng.integers(26, 60))
    wide, high = int(rng.integers(150, 300)), int(rng.integers(170, 250))
    high = min(high, _HEIGHT - top - 4, int(_MOST_FILM * _WIDTH * _HEIGHT / wide))
    draw.rectangle([left, top, left + wide, top + high], fill=0)
    shape = to_image(film)
    shape.thumbnail((wide, high))
    image.paste(shape, (left + (wide - shape.width) // 2, top + (high - shape.height) // 2))
    for corner in ((left + 3, top + 2), (left + 3, top + high - 22), (left + wide - 60, top + 2)):
        draw.text(corner, words(2, rng)[:12], 230, font(8))
    for number in range(int(rng.integers(8, 18))):
        px = 6 + number * 26
        draw.rounded_rectangle([px, 4, px + 20, 20], 3, fill=(paper + 60) % 256, outline=ink)
        draw.line([px + 5, 8, px + 15, 16], fill=ink)
    for row in range(int(rng.integers(2, 6))):
        box = (6, 30 + row * 56, left - 12, 78 + row * 56)
        draw.rectangle(box, outline=ink)
        if rng.random() < 0.5:
            image.paste(to_image(film).resize((36, 36)), (10, 34 + row * 56))
        draw.text((8, 68 + row * 56), words(2, rng)[: (left - 20) // 5], ink, font(7))
    _rows(draw, (left + wide + 10, top, _WIDTH - 6, _HEIGHT - 8), ink, rng)


def worklist(image: Image.Image, _film: Picture, paper: int, rng: np.random.Generator) -> None:
    """A list of studies over the whole screen: a bar of filters, a head, banded rows, one of them chosen."""
    draw, ink = ImageDraw.Draw(image), _ink(paper)
    draw.rectangle([0, 0, _WIDTH, 24], fill=(paper + 90) % 256)
    for number in range(5):
        draw.rounded_rectangle([6 + number * 96, 28, 90 + number * 96, 44], 4, outline=ink)
        draw.text((12 + number * 96, 30), word(rng), ink, font(9))
    high, chosen = int(rng.integers(12, 20)), int(rng.integers(0, 14))
    for row, top in enumerate(range(52, _HEIGHT, high)):
        shade = paper + (12 if row % 2 else 0) + (70 if row == chosen else 0)
        draw.rectangle([0, top, _WIDTH, top + high], fill=shade % 256)
        for column in range(7):
            text = word(rng) if column % 3 else f"{int(rng.integers(10**4, 10**7))}"
            draw.text((6 + column * 74, top + 1), text, ink, font(9))


def desktop(image: Image.Image, film: Picture, paper: int, rng: np.random.Generator) -> None:
    """Windows over each other on a background with icons; a bar with a clock below."""
    image.paste(to_image(shown(paper / 255 + 0.1 * clouds((_HEIGHT, _WIDTH), 1.8, rng))), (0, 0))
    draw = ImageDraw.Draw(image)
    for row in range(5):
        draw.rounded_rectangle([10, 10 + row * 54, 36, 36 + row * 54], 5, fill=int(rng.integers(0, 256)))
        draw.text((6, 40 + row * 54), word(rng)[:7], _ink(paper), font(8))
    for number in range(int(rng.integers(2, 5))):
        left, top = int(rng.integers(50, 250)), int(rng.integers(5, 110))
        right, low = left + int(rng.integers(150, 260)), top + int(rng.integers(100, 190))
        ground = int(rng.choice([30, 235, 255]))
        draw.rectangle([left, top, right, low], fill=ground, outline=120)
        draw.rectangle([left, top, right, top + 14], fill=int(rng.integers(60, 200)))
        draw.text((left + 5, top + 1), words(2, rng), 255, font(9))
        for button in range(3):
            draw.rectangle([right - 12 - button * 14, top + 3, right - 4 - button * 14, top + 11], outline=250)
        if number == 1 and rng.random() < 0.4:
            image.paste(to_image(film).resize((right - left - 12, low - top - 24)), (left + 6, top + 18))
        else:
            _rows(draw, (left + 8, top + 20, right - 8, low - 8), _ink(ground), rng)
    draw.rectangle([0, _HEIGHT - 18, _WIDTH, _HEIGHT], fill=25)
    draw.text(
        (_WIDTH - 44, _HEIGHT - 16), f"{int(rng.integers(0, 24)):02}:{int(rng.integers(0, 60)):02}", 240, font(11)
    )


def terminal(image: Image.Image, _film: Picture, _paper: int, rng: np.random.Generator) -> None:
    """A console in a fixed type: a prompt, a log, a table of processes, a bar that progresses."""
    draw, fixed = ImageDraw.Draw(image), ImageFont.load_default_imagefont()
    light = rng.random() < 0.2
    draw.rectangle([0, 0, _WIDTH, _HEIGHT], fill=245 if light else int(rng.integers(0, 40)))
    ink, style = (20 if light else int(rng.integers(150, 256))), int(rng.integers(0, 3))
    for row in range(int(rng.integers(12, _HEIGHT // 12))):
        if style == 0 or row % 9 == 0:
            text = f"{'$' if row % 9 == 0 else '>'} {words(int(rng.integers(1, 9)), rng)}"
        elif style == 1:
            text = (
                f"12:{row:02}:{int(rng.integers(0, 60)):02} [{rng.choice(['INFO', 'WARN', 'DEBUG'])}] {words(5, rng)}"
            )
        else:
            text = f"{int(rng.integers(1, 9999)):6} root {rng.uniform(0, 99):5.1f} {words(3, rng)}"
        draw.text((4, 3 + row * 12), text, ink, fixed)
    if rng.random() < 0.4:
        draw.rectangle([4, _HEIGHT - 14, int(_WIDTH * rng.random()) + 5, _HEIGHT - 6], fill=ink)


def editor(image: Image.Image, _film: Picture, paper: int, rng: np.random.Generator) -> None:
    """Code: numbers of lines, indents, words of several greys, a tree of files beside, a map of the file."""
    draw, fixed = ImageDraw.Draw(image), ImageFont.load_default_imagefont()
    ink, step = _ink(paper), 24
    draw.rectangle([0, 0, 96, _HEIGHT], fill=(paper + 16) % 256)
    for row in range(22):
        draw.text((8 + 10 * int(rng.integers(0, 3)), 8 + row * 14), f"{word(rng)}.py", ink, font(8))
    indent = 0
    for row in range(26):
        draw.text((102, 4 + row * 12), f"{row + 1:3}", 128, fixed)
        left = 128 + indent * step
        for _ in range(int(rng.integers(0, 6))):
            text = str(rng.choice([word(rng), f"{word(rng)}()", "=", "def", "return", '"' + word(rng) + '"']))
            draw.text((left, 4 + row * 12), text, int(np.clip(ink + rng.integers(-80, 80), 0, 255)), fixed)
            left += 6 * len(text) + 6
        indent = int(np.clip(indent + rng.integers(-1, 2), 0, 4))
        draw.line([_WIDTH - 40, 4 + row * 3, _WIDTH - 40 + int(rng.integers(2, 36)), 4 + row * 3], fill=128)


def charts(image: Image.Image, _film: Picture, paper: int, rng: np.random.Generator) -> None:
    """One to six charts with axes: lines, bars, points, a pie, a map of heat."""
    draw, ink = ImageDraw.Draw(image), _ink(paper)
    down, across = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    high, wide = _HEIGHT // down, _WIDTH // across
    for left, top in [(c * wide + 24, r * high + 20) for r in range(down) for c in range(across)]:
        right, low, which = left + wide - 34, top + high - 38, int(rng.integers(0, 5))
        draw.text((left + 10, top - 16), words(3, rng)[: wide // 8], ink, font(10))
        draw.line([left, top, left, low, right, low], fill=ink)
        for tick in range(5):
            draw.text((left - 18, low - tick * (low - top) / 5 - 5), f"{tick * 20}", ink, font(8))
            draw.line([left, low - tick * (low - top) / 5, right, low - tick * (low - top) / 5], fill=128)
        if which == 0:
            for _ in range(int(rng.integers(1, 4))):
                walk = np.cumsum(rng.standard_normal(40))
                walk = low - (walk - walk.min()) / max(float(np.ptp(walk)), 1e-6) * (low - top)
                points = list(zip(np.linspace(left, right, 40).tolist(), walk.tolist(), strict=True))
                draw.line(points, fill=int(rng.integers(0, 256)), width=2)
        elif which == 1:
            for column in np.linspace(left + 4, right - 12, int(rng.integers(4, 12))):
                draw.rectangle(
                    [column, low - (low - top) * rng.random() - 1, column + 9, low], fill=int(rng.integers(60, 200))
                )
        elif which == 2:
            for px, py in rng.normal((0.5, 0.5), 0.16, (int(rng.integers(30, 120)), 2)).clip(0, 1):
                at = left + px * (right - left), low - py * (low - top)
                draw.ellipse([at[0] - 2, at[1] - 2, at[0] + 2, at[1] + 2], fill=ink)
        elif which == 3:
            start, half = 0.0, min(right - left, low - top) // 2 - 4
            for _ in range(6):
                end, middle = start + float(rng.uniform(20, 110)), ((left + right) // 2, (top + low) // 2)
                box = [middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half]
                draw.pieslice(box, start, min(end, 360), fill=int(rng.integers(0, 256)))
                start = min(end, 359.0)
        else:
            heat = rng.random((int(rng.integers(4, 12)), int(rng.integers(4, 12)))).astype(np.float32)
            image.paste(to_image(heat).resize((right - left, low - top), Image.Resampling.NEAREST), (left, top))


def sheet(image: Image.Image, _film: Picture, paper: int, rng: np.random.Generator) -> None:
    """A spreadsheet: letters and numbers at its edges, lines, figures, a chosen cell, a bar with a formula."""
    draw, ink, high = ImageDraw.Draw(image), _ink(paper), int(rng.integers(12, 18))
    wide = int(rng.integers(40, 80))
    draw.text(
        (60, 4), f"=SUM({chr(65 + int(rng.integers(0, 8)))}2:{chr(65 + int(rng.integers(0, 8)))}40)", ink, font(10)
    )
    for row, top in enumerate(range(22, _HEIGHT, high)):
        draw.line([0, top, _WIDTH, top], fill=128)
        for column, left in enumerate(range(24, _WIDTH, wide)):
            draw.line([left, 22, left, _HEIGHT], fill=128)
            text = chr(65 + column) if row == 0 else f"{rng.uniform(0, 9999):.2f}" if column else word(rng)
            if row == 0 or rng.random() < 0.8:
                draw.text((left + 3, top + 1), text[: wide // 5], ink, font(9))
        draw.text((3, top + 1), f"{row}", ink, font(9))
    draw.rectangle([24 + wide * 2, 22 + high * 4, 24 + wide * 3, 22 + high * 5], outline=ink, width=2)


def page(image: Image.Image, _film: Picture, paper: int, rng: np.random.Generator) -> None:
    """A site or a mail: a bar with an address, a menu, a picture, a headline, text, buttons."""
    draw, ink = ImageDraw.Draw(image), _ink(paper)
    draw.rectangle([0, 0, _WIDTH, 22], fill=(paper + 40) % 256)
    draw.rounded_rectangle([60, 4, _WIDTH - 60, 18], 6, fill=paper, outline=128)
    draw.text((70, 4), f"https://{word(rng)}.example/{word(rng)}", ink, font(9))
    for number in range(6):
        draw.text((20 + number * 80, 28), word(rng), ink, font(11))
    hero = to_image(shown(0.5 + 0.2 * clouds((90, _WIDTH - 40), 1.6, rng)))
    image.paste(hero, (20, 46))
    draw.text((36, 80), words(3, rng), 255, font(24))
    for number in range(3):
        left = 20 + number * 160
        _rows(draw, (left, 146, left + 145, 270), ink, rng)
        draw.rounded_rectangle([left, 284, left + 70, 302], 8, fill=int(rng.integers(60, 180)))
        draw.text((left + 12, 286), word(rng)[:8], 255, font(10))


def dialogue(image: Image.Image, _film: Picture, paper: int, rng: np.random.Generator) -> None:
    """A program that stopped: a box with a sign and buttons over dimmed windows, or a whole screen of apology."""
    draw, ink = ImageDraw.Draw(image), _ink(paper)
    if rng.random() < 0.4:
        draw.text((50, 40), ":(", ink, font(60))
        _rows(draw, (50, 130, 400, 280), ink, rng)
        return
    for number in range(3):
        _rows(draw, (10 + number * 170, 10 + 40 * number, 160 + number * 170, _HEIGHT - 110), 128, rng)
    draw.rectangle([120, 90, 400, 220], fill=240, outline=20, width=2)
    draw.rectangle([120, 90, 400, 108], fill=90)
    draw.ellipse([136, 124, 170, 158], fill=60)
    draw.text((148, 128), "!", 250, font(24))
    _rows(draw, (184, 122, 390, 176), 20, rng)
    for left in (210, 300):
        draw.rounded_rectangle([left, 190, left + 76, 210], 4, fill=210, outline=60)
        draw.text((left + 14, 193), word(rng)[:8], 20, font(11))


def _rows(draw: Draw, box: tuple[int, int, int, int], ink: int, rng: np.random.Generator) -> None:
    """Lines of text in a box."""
    left, top, right, low = box
    size = int(rng.integers(8, 12))
    type_ = font(size)
    for row in range(top, low - size, int(size * 1.4)):
        text = fitted(words(max((right - left) // (size * 3), 1), rng), type_, right - left)
        draw.text((left, row), text, ink, type_)


def _ink(paper: int) -> int:
    return 235 if paper < 128 else 25
