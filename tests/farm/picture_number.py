"""Reads the number that every picture of camera_farm carries in its pixels; picture_number.h describes the code."""

CELLS = 16
CELL_PX = 16
NUMBER_BITS = 12
MIDDLE = 126
MARGIN = CELL_PX // 4
INNER = CELL_PX // 2


def picture_code(number):
    return number | (~(number ^ number >> 4 ^ number >> 8) & 0xF) << NUMBER_BITS


def read(luma, stride):
    """The number in 8-bit luma rows of `stride` bytes, of which the first 16 are enough; None where it is damaged."""
    code = 0
    for cell in range(CELLS):
        begin = cell * CELL_PX + MARGIN
        total = sum(sum(luma[y * stride + begin:y * stride + begin + INNER]) for y in range(MARGIN, MARGIN + INNER))
        code |= (total >= MIDDLE * INNER * INNER) << cell
    number = code & (1 << NUMBER_BITS) - 1
    return number if picture_code(number) == code else None


# For `ffmpeg -vf`: only the row of cells, so that a test reads 4 KiB a picture instead of megabytes.
FFMPEG_FILTER = f"crop={CELLS * CELL_PX}:{CELL_PX}:0:0,format=gray"
STRIP_BYTES = CELLS * CELL_PX * CELL_PX


def read_strips(raw):
    """The numbers in what `ffmpeg -vf FFMPEG_FILTER -f rawvideo` wrote."""
    return [read(raw[at:at + STRIP_BYTES], CELLS * CELL_PX) for at in range(0, len(raw) - STRIP_BYTES + 1, STRIP_BYTES)]
