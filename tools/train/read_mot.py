"""Real people for the evaluations: MOT files as recordings without classes."""

import simulator


def read_mot(path, frames_per_second, keep=lambda row: True):
    """A MOT file as a recording, without classes."""
    frames = {}
    for line in path.read_text().splitlines():
        row = [float(value) for value in line.split(",")]
        if keep(row):
            frames.setdefault(int(row[0]), []).append((int(row[1]), *row[2:6]))
    numbers = range(min(frames), max(frames) + 1)
    return simulator.Recording([round((n - 1) * 1e9 / frames_per_second) for n in numbers],
                               [frames.get(n, []) for n in numbers], {}, "real")


def read_sequence(folder, group):
    """The pedestrians of a sequence's truth; `group` says which columns tell them."""
    settings = dict(line.split("=") for line in (folder / "seqinfo.ini").read_text().splitlines() if "=" in line)
    pedestrians = (lambda row: row[6] == 1 and row[7] == 1) if group == "mot17val" else (lambda row: row[6] == 1)
    return read_mot(folder / "gt" / "gt.txt", float(settings["frameRate"]), pedestrians)
