#!/usr/bin/env python3
"""Writes what PIL and OpenCV make of the photographs, for the tests to be compared with.

    python make_resized.py        needs pillow, numpy and opencv-python-headless

chelsea.cropped.png    Resize(73, BICUBIC) and CenterCrop(64) as torchvision does them on a PIL image
rocket.decoded.png     the upper left 64×48 pixels of the JPEG as PIL decodes it
rocket.boxed.png       YOLOv5's letterbox(96)
"""
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

here = Path(__file__).parent
image = Image.open(here / "chelsea.png").convert("RGB")
w, h = image.size
size = (73, int(73 * h / w)) if w <= h else (int(73 * w / h), 73)
image = image.resize(size, Image.BICUBIC)
left, top = int(round((image.size[0] - 64) / 2)), int(round((image.size[1] - 64) / 2))
image.crop((left, top, left + 64, top + 64)).save(here / "chelsea.cropped.png")

image = Image.open(here / "rocket.jpg").convert("RGB")
image.crop((0, 0, 64, 48)).save(here / "rocket.decoded.png")

pixels = np.array(image)
h, w = pixels.shape[:2]
ratio = min(96 / h, 96 / w)
inner = int(round(w * ratio)), int(round(h * ratio))
dw, dh = np.mod(96 - inner[0], 32) / 2, np.mod(96 - inner[1], 32) / 2
pixels = cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR)
top, bottom, left, right = (int(round(v)) for v in (dh - 0.1, dh + 0.1, dw - 0.1, dw + 0.1))
pixels = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(114, 114, 114))
Image.fromarray(pixels).save(here / "rocket.boxed.png")
