"""Makes files that are broken in the ways which ../shared/data/broken/make_broken.sh lacks, out of any clip.

    broken_files.py CLIP FOLDER

Deterministic. The pictures are numbered as frames.py says. Kinds that fit any container are applied to each of them.
"""

import functools
import random
import struct
import subprocess
import sys
from pathlib import Path

PICTURES = 100
PICTURES_PER_GROUP = 20
WIDTH, HEIGHT = 640, 360
CELLS = 10
X264 = (f"threads=1:lookahead-threads=1:keyint={PICTURES_PER_GROUP}:min-keyint={PICTURES_PER_GROUP}:scenecut=0:bframes=2:"
        "b-adapt=0:open-gop=0")
X265 = (f"pools=none:frame-threads=1:log-level=none:keyint={PICTURES_PER_GROUP}:min-keyint={PICTURES_PER_GROUP}:"
        "scenecut=0:bframes=2:b-adapt=0")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True,
                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def numbering():
    """ffmpeg's filters that write the number of each picture into its corner."""
    filters = [f"scale={WIDTH}:{HEIGHT}", "setsar=1", "fps=25", "drawbox=x=0:y=0:w=176:h=32:color=black:t=fill"]
    filters += [f"drawbox=x={8 + 16 * cell}:y=8:w=16:h=16:color=white:t=fill:enable='mod(floor(n/{1 << cell}),2)'"
                for cell in range(CELLS)]
    return ",".join([*filters, "format=yuv420p"])


class Originals:
    """The whole files, made on demand, once each."""

    def __init__(self, clip, folder):
        self._clip, self._folder = clip, folder

    @functools.cache
    def path(self, name):
        path = self._folder / f"whole_{name}"
        getattr(self, "_make_" + name.replace(".", "_"))(path)
        return path

    def bytes(self, name):
        return bytearray(self.path(name).read_bytes())

    def _encode(self, path, *options):
        ffmpeg("-i", self.path("numbered.mkv"), *options, "-threads", 1, "-fflags", "+bitexact", path)

    def _copy(self, path, *options):
        ffmpeg("-i", self.path("h264.mp4"), "-c", "copy", *options, "-fflags", "+bitexact", path)

    def _make_numbered_mkv(self, path):
        ffmpeg("-threads", 1, "-stream_loop", -1, "-i", self._clip, "-an", "-vf", numbering(), "-frames:v", PICTURES,
               "-c:v", "ffv1", "-threads", 1, path)

    def _make_h264_mp4(self, path):
        self._encode(path, "-c:v", "libx264", "-preset", "ultrafast", "-crf", 28, "-x264-params", X264, "-movflags",
                     "+faststart")

    def _make_h265_mp4(self, path):
        self._encode(path, "-c:v", "libx265", "-preset", "ultrafast", "-crf", 30, "-x265-params", X265)

    def _make_small_mp4(self, path):
        self._encode(path, "-vf", "scale=480:270", "-c:v", "libx264", "-preset", "ultrafast", "-x264-params", X264)

    def _make_mpeg4_avi(self, path):
        self._encode(path, "-c:v", "mpeg4", "-q:v", 6, "-g", PICTURES_PER_GROUP, "-bf", 0)

    def _make_fragmented_mp4(self, path):
        self._copy(path, "-movflags", "+frag_keyframe+empty_moov+default_base_moof")

    def _make_h264_ts(self, path):
        self._copy(path)

    def _make_h264_mkv(self, path):
        self._copy(path, "-cluster_time_limit", 800)

    def _make_live_mkv(self, path):  # segment and clusters of unknown size
        self._copy(path, "-f", "matroska", "-live", 1, "-cluster_time_limit", 800)

    def _make_h264_flv(self, path):
        self._copy(path)

    def _make_h264_h264(self, path):
        self._copy(path, "-bsf:v", "h264_mp4toannexb")

    def _make_h265_h265(self, path):
        ffmpeg("-i", self.path("h265.mp4"), "-c", "copy", "-bsf:v", "hevc_mp4toannexb", path)

    def _make_small_h264(self, path):
        ffmpeg("-i", self.path("small.mp4"), "-c", "copy", "-bsf:v", "h264_mp4toannexb", path)

    def _make_small_ts(self, path):
        ffmpeg("-i", self.path("small.mp4"), "-c", "copy", path)

    def _make_h265_ts(self, path):
        ffmpeg("-i", self.path("h265.mp4"), "-c", "copy", path)


CONTAINERS = ("h264.mp4", "fragmented.mp4", "mpeg4.avi", "h264.ts", "h264.mkv", "live.mkv", "h264.flv", "h264.h264",
              "h265.h265")


# --- kinds for any container

def hole(data):
    """A tenth of it is zeros, as after a lost block of a disk."""
    data[len(data) * 4 // 10:len(data) // 2] = bytes(len(data) // 2 - len(data) * 4 // 10)
    return data


def blocks(data):
    """Every eighth block of 4 KiB is somebody else's."""
    stranger = random.Random(1)
    for at in range(8 * 4096, len(data), 8 * 4096):
        end = min(at + 4096, len(data))
        data[at:end] = stranger.randbytes(end - at)
    return data


def shortened(data):
    """300 bytes are missing in five places."""
    for part in range(8, 3, -1):
        del data[len(data) * part // 10:len(data) * part // 10 + 300]
    return data


def lengthened(data):
    """1000 strange bytes are inserted in five places."""
    stranger = random.Random(2)
    for part in range(8, 3, -1):
        data[len(data) * part // 10:len(data) * part // 10] = stranger.randbytes(1000)
    return data


def headless(data):
    """The first 30 % are missing."""
    return data[len(data) * 3 // 10:]


def twice(data):
    """The file behind itself."""
    return data + data


def padded(data):
    """Behind its end come as many zeros, as in a file whose place was reserved."""
    return data + bytes(len(data))


ANY_CONTAINER = (hole, blocks, shortened, lengthened, headless, twice, padded)


# --- MP4

def boxes(data, begin=0, end=None):
    end = len(data) if end is None else end
    while begin + 8 <= end:
        size = struct.unpack_from(">I", data, begin)[0]
        if size < 8:
            return
        yield bytes(data[begin + 4:begin + 8]), begin, size
        begin += size


def box(data, path):
    """Place and size of the first box at `path`, such as moov/trak."""
    begin, end = 0, len(data)
    for name in path.split("/"):
        at, size = next((at, size) for kind, at, size in boxes(data, begin, end) if kind == name.encode())
        begin, end = at + 8, at + size
    return at, size


SAMPLES = "moov/trak/mdia/minf/stbl/"


def poke(data, at, value):
    struct.pack_into(">I", data, at, value & 0xffffffff)


def mp4_mdat_size_zero(data):
    poke(data, box(data, "mdat")[0], 0)
    return data


def mp4_mdat_size_small(data):
    poke(data, box(data, "mdat")[0], 1000)
    return data


def mp4_mdat_size_large(data):
    poke(data, box(data, "mdat")[0], 0x7ffffff0)
    return data


def mp4_sizes_half(data):
    """Every seventh sample is said to be half as long."""
    at, size = box(data, SAMPLES + "stsz")
    for entry in range(at + 20 + 12, at + size, 28):
        poke(data, entry, struct.unpack_from(">I", data, entry)[0] // 2)
    return data


def mp4_sizes_vast(data):
    """Every seventh sample is said to have 2 GiB."""
    at, size = box(data, SAMPLES + "stsz")
    for entry in range(at + 20 + 12, at + size, 28):
        poke(data, entry, 0x7fffffff)
    return data


def mp4_composition_negative(data):
    at, size = box(data, SAMPLES + "ctts")
    for entry in range(at + 16, at + size, 24):
        poke(data, entry + 4, -0x40000000)
    return data


def mp4_durations_jump(data):
    """One picture lasts for ten hours."""
    at, size = box(data, SAMPLES + "stts")
    poke(data, at + 12, 3)
    entries = struct.pack(">6I", 50, 512, 1, 36000 * 12800, PICTURES - 51, 512)
    poke(data, at, 16 + len(entries))
    poke(data, at + 12, 3)
    data[at + 16:at + size] = entries
    added = 16 + len(entries) - size
    for name in ("moov", "moov/trak", "moov/trak/mdia", "moov/trak/mdia/minf", "moov/trak/mdia/minf/stbl"):
        parent, parent_size = struct.unpack_from(">I", data, path_start(data, name))[0], path_start(data, name)
        poke(data, parent_size, parent + added)
    offsets, offsets_size = box(data, SAMPLES + "stco")
    for entry in range(offsets + 16, offsets + offsets_size, 4):
        poke(data, entry, struct.unpack_from(">I", data, entry)[0] + added)
    return data


def path_start(data, path):
    return box(data, path)[0]


def mp4_no_time_scale(data):
    poke(data, box(data, "moov/trak/mdia/mdhd")[0] + 20, 0)
    return data


def mp4_no_size(data):
    """Width and height 0 in the sample description and the track header."""
    at, _ = box(data, SAMPLES + "stsd")
    poke(data, at + 16 + 32, 0)
    header, size = box(data, "moov/trak/tkhd")
    poke(data, header + size - 8, 0)
    poke(data, header + size - 4, 0)
    return data


def mp4_bad_parameters(data):
    """The parameter sets in avcC are noise."""
    at = data.find(b"avcC")
    for place in range(at + 12, at + 24):
        data[place] ^= 0x5a
    return data


def fragments(data):
    """Places of the fragments (moof and mdat)."""
    found = list(boxes(data))
    return [(at, at + size + found[i + 1][2]) for i, (kind, at, size) in enumerate(found) if kind == b"moof"]


def fragment_lost(data):
    begin, end = fragments(data)[2]
    del data[begin:end]
    return data


def fragment_twice(data):
    begin, end = fragments(data)[2]
    data[end:end] = data[begin:end]
    return data


def fragments_swapped(data):
    (a, b), (c, d) = fragments(data)[1], fragments(data)[2]
    data[a:d] = data[c:d] + data[a:b]
    return data


def fragment_times(data, change):
    for number, (begin, _) in enumerate(fragments(data)):
        at = data.find(b"tfdt", begin)
        old = struct.unpack_from(">Q", data, at + 8)[0]
        struct.pack_into(">Q", data, at + 8, change(number, old) & 0xffffffffffffffff)
    return data


def fragment_times_zero(data):
    return fragment_times(data, lambda number, old: 0)


def fragment_times_jump(data):
    return fragment_times(data, lambda number, old: old + (12800 * 36000 if number >= 2 else 0))


def fragment_times_backwards(data):
    return fragment_times(data, lambda number, old: (10 - number) * 12800)


def fragment_counts_lie(data):
    """One fragment says that it holds ten times as many pictures."""
    at = data.find(b"trun", fragments(data)[2][0])
    poke(data, at + 8, struct.unpack_from(">I", data, at + 8)[0] * 10)
    return data


def fragment_header_lost(data):
    """The movie header of a stream that was joined later."""
    return data[fragments(data)[1][0]:]


# --- AVI

def avi_chunks(data):
    """Places of the pictures' chunks."""
    at = data.find(b"movi") + 4
    while data[at:at + 4] == b"00dc":
        yield at
        at += 8 + (struct.unpack_from("<I", data, at + 4)[0] + 1 & ~1)


def avi_sizes_zero(data):
    """RIFF and movi say 0, as in a recording that was never closed; no index."""
    end = list(avi_chunks(data))[-1]
    end += 8 + struct.unpack_from("<I", data, end + 4)[0]
    struct.pack_into("<I", data, 4, 0)
    struct.pack_into("<I", data, data.find(b"movi") - 4, 0)
    return data[:end]


def avi_movi_small(data):
    struct.pack_into("<I", data, data.find(b"movi") - 4, 5000)
    return data


def avi_chunk_sizes_lie(data):
    """Every tenth picture's chunk says that it is a third longer."""
    for at in list(avi_chunks(data))[5::10]:
        struct.pack_into("<I", data, at + 4, struct.unpack_from("<I", data, at + 4)[0] * 4 // 3)
    return data


def avi_chunk_sizes_vast(data):
    for at in list(avi_chunks(data))[5::20]:
        struct.pack_into("<I", data, at + 4, 0x7fffffff)
    return data


def avi_chunk_names(data):
    """Every tenth picture's chunk has a name of noise."""
    for at in list(avi_chunks(data))[5::10]:
        data[at:at + 4] = b"\x91\x02\xfe\x07"
    return data


def avi_no_rate(data):
    at = data.find(b"strh") + 8
    struct.pack_into("<II", data, at + 20, 0, 0)
    return data


def avi_index_half(data):
    """The index ends in the middle of the film."""
    at = data.rfind(b"idx1")
    struct.pack_into("<I", data, at + 4, PICTURES // 2 * 16)
    return data[:at + 8 + PICTURES // 2 * 16]


def avi_index_random(data):
    at = data.rfind(b"idx1")
    stranger = random.Random(3)
    for entry in range(at + 8, len(data) - 15, 16):
        struct.pack_into("<II", data, entry + 8, stranger.randrange(len(data)), stranger.randrange(60000))
    return data


# --- MPEG-TS

PACKET = 188


def ts_packets(data):
    return [data[at:at + PACKET] for at in range(0, len(data) - PACKET + 1, PACKET)]


def ts_sync_burst(data):
    """60 packets in a row without their sync bytes."""
    for at in range(len(data) // PACKET // 2 * PACKET, (len(data) // PACKET // 2 + 60) * PACKET, PACKET):
        data[at] = 0
    return data


def ts_noise_between(data):
    """77 strange bytes after every 50th packet."""
    stranger = random.Random(4)
    return bytearray(b"".join(bytes(packet) + (stranger.randbytes(77) if number % 50 == 49 else b"")
                              for number, packet in enumerate(ts_packets(data))))


def ts_long_packets(data):
    """192 bytes a packet, as on a Blu-ray disc."""
    return bytearray(b"".join(bytes(4) + bytes(packet) for packet in ts_packets(data)))


def ts_counters_random(data):
    stranger = random.Random(5)
    for at in range(0, len(data) - PACKET + 1, PACKET):
        data[at + 3] = data[at + 3] & 0xf0 | stranger.randrange(16)
    return data


def ts_error_bits(data):
    """Every tenth packet says that it is wrong, and is right."""
    for at in range(0, len(data) - PACKET + 1, 10 * PACKET):
        data[at + 1] |= 0x80
    return data


def ts_loss_in_every_picture(data):
    """The second packet of each picture is lost."""
    kept, since_start = [], 0
    for packet in ts_packets(data):
        since_start = 0 if packet[1] & 0x40 else since_start + 1
        if since_start != 1:
            kept.append(bytes(packet))
    return bytearray(b"".join(kept))


def ts_no_clock(data):
    """No packet has an adaptation field's clock (PCR)."""
    for at in range(0, len(data) - PACKET + 1, PACKET):
        if data[at + 3] & 0x20 and data[at + 4] > 0:
            data[at + 5] &= ~0x10 & 0xff
    return data


def ts_pictures_lost(data):
    """Every fifth picture is missing altogether, with the counters as if nothing had been there."""
    kept, picture, counter = [], -1, 0
    for packet in ts_packets(data):
        video = (packet[1] & 31) << 8 | packet[2] == 0x100
        picture += bool(video and packet[1] & 0x40)
        if video and picture % 5 == 4:
            continue
        if video:
            packet[3] = packet[3] & 0xf0 | counter & 15
            counter += 1
        kept.append(bytes(packet))
    return bytearray(b"".join(kept))


# --- Matroska

CLUSTER = b"\x1f\x43\xb6\x75"


def clusters(data):
    at = data.find(CLUSTER)
    while at >= 0:
        yield at
        at = data.find(CLUSTER, at + 4)


def mkv_cluster_names(data):
    """Every second cluster's name is noise."""
    for at in list(clusters(data))[1::2]:
        data[at:at + 4] = b"\x91\x02\xfe\x07"
    return data


def mkv_cluster_sizes(data):
    """Every second cluster says that it is as long as the universe."""
    for at in list(clusters(data))[1::2]:
        data[at + 4] = 0x01
        data[at + 5:at + 12] = b"\x00\x7f\xff\xff\xff\xff\xff"
    return data


def mkv_cluster_times(data):
    """Every cluster says that it begins at 0."""
    for at in clusters(data):
        time = data.find(b"\xe7", at + 5, at + 24)
        if time >= 0:
            length = data[time + 1] & 0x7f
            data[time + 2:time + 2 + length] = bytes(length)
    return data


def mkv_no_private(data):
    """The parameter sets are noise."""
    at = data.find(b"\x63\xa2")
    for place in range(at + 4, at + 20):
        data[place] ^= 0x5a
    return data


def mkv_no_ebml_header(data):
    """It begins with the segment."""
    return data[data.find(b"\x18\x53\x80\x67"):]


def mkv_from_cluster(data):
    """The header, then the film from its third cluster on."""
    places = list(clusters(data))
    del data[places[0]:places[2]]
    return data


# --- FLV

def flv_tags(data):
    at = 13
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1:at + 4], "big")
        yield at, size
        at += 11 + size + 4


def flv_previous_sizes(data):
    """Each tag's copy of its size, by which one goes backwards, is 0."""
    for at, size in list(flv_tags(data)):
        data[at + 11 + size:at + 15 + size] = bytes(4)
    return data


def flv_sizes_vast(data):
    for at, _ in list(flv_tags(data))[20::25]:
        data[at + 1:at + 4] = b"\x7f\xff\xff"
    return data


def flv_times(data, change):
    for number, (at, _) in enumerate(list(flv_tags(data))):
        time = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        time = change(number, time) & 0xffffffff
        data[at + 4:at + 7] = (time & 0xffffff).to_bytes(3, "big")
        data[at + 7] = time >> 24
    return data


def flv_times_zero(data):
    return flv_times(data, lambda number, time: 0)


def flv_times_backwards(data):
    return flv_times(data, lambda number, time: 100_000 - time)


def flv_times_jump(data):
    return flv_times(data, lambda number, time: time + (36_000_000 if number > 50 else 0))


def flv_times_wrap(data):
    """The 32-bit milliseconds wrap in the middle."""
    return flv_times(data, lambda number, time: time + 0xffffffff - 2000)


# --- bare H.264

def units(data):
    """The NAL units with their start codes."""
    start, parts = data.find(b"\0\0\1"), []
    while start >= 0:
        end = data.find(b"\0\0\1", start + 3)
        parts.append(bytes(data[start:end] if end >= 0 else data[start:]))
        start = end
    return parts


def joined(parts):
    return bytearray(b"".join(parts))


def unit_type(unit):
    return unit[3] & 31


def bare_from_p(data):
    """Begins with the parameter sets and then pictures that build on what is not there."""
    parts = units(data)
    first = next(i for i, unit in enumerate(parts) if unit_type(unit) == 5)
    return joined(parts[:first] + parts[first + 1:])


def bare_one_parameter_set(data):
    """A garbled copy of the parameter sets before the third key picture."""
    parts = units(data)
    sets = [unit for unit in parts if unit_type(unit) in (7, 8)][:2]
    garbled = [unit[:6] + bytes(byte ^ 0x33 for byte in unit[6:]) for unit in sets]
    key = [i for i, unit in enumerate(parts) if unit_type(unit) == 5][2]
    return joined(parts[:key] + garbled + parts[key:])


def bare_slices_cut(data):
    """Every ninth picture ends half way."""
    return joined(unit[:len(unit) // 2] if i % 9 == 8 else unit for i, unit in enumerate(units(data)))


def bare_reordered(data):
    """Every tenth unit comes three units late, as over UDP."""
    parts = units(data)
    for i in range(10, len(parts) - 3, 10):
        parts.insert(i + 3, parts.pop(i))
    return joined(parts)


def bare_key_lost(data):
    """Every second key picture is missing."""
    keys, kept = 0, []
    for unit in units(data):
        keys += unit_type(unit) == 5
        if unit_type(unit) != 5 or keys % 2 == 1:
            kept.append(unit)
    return joined(kept)


SPECIFIC = {
    "h264.mp4": (mp4_mdat_size_zero, mp4_mdat_size_small, mp4_mdat_size_large, mp4_sizes_half, mp4_sizes_vast,
                 mp4_composition_negative, mp4_durations_jump, mp4_no_time_scale, mp4_no_size, mp4_bad_parameters),
    "fragmented.mp4": (fragment_lost, fragment_twice, fragments_swapped, fragment_times_zero, fragment_times_jump,
                       fragment_times_backwards, fragment_counts_lie, fragment_header_lost),
    "mpeg4.avi": (avi_sizes_zero, avi_movi_small, avi_chunk_sizes_lie, avi_chunk_sizes_vast, avi_chunk_names,
                  avi_no_rate, avi_index_half, avi_index_random),
    "h264.ts": (ts_sync_burst, ts_noise_between, ts_long_packets, ts_counters_random, ts_error_bits,
                ts_loss_in_every_picture, ts_no_clock, ts_pictures_lost),
    "h264.mkv": (mkv_cluster_names, mkv_cluster_sizes, mkv_cluster_times, mkv_no_private, mkv_no_ebml_header,
                 mkv_from_cluster),
    "live.mkv": (mkv_cluster_names, mkv_cluster_times, mkv_from_cluster),
    "h264.flv": (flv_previous_sizes, flv_sizes_vast, flv_times_zero, flv_times_backwards, flv_times_jump,
                 flv_times_wrap),
    "h264.h264": (bare_from_p, bare_one_parameter_set, bare_slices_cut, bare_reordered, bare_key_lost),
}

# Two files behind each other: the size of the picture, the codec or the container changes on the way.
JOINED = {
    "size_changes.h264": ("h264.h264", "small.h264"),
    "size_changes.ts": ("h264.ts", "small.ts"),
    "size_changes_twice.h264": ("small.h264", "h264.h264", "small.h264"),
    "codec_changes.ts": ("h264.ts", "h265.ts"),
    "container_changes.ts": ("h264.ts", "h264.mkv"),
}


def recipes():
    """Name of each broken file -> function of the originals that gives its bytes."""
    found = {f"whole_{name}": lambda originals, name=name: originals.bytes(name) for name in CONTAINERS}
    for name in CONTAINERS:
        for kind in (*ANY_CONTAINER, *SPECIFIC.get(name, ())):
            label = f"{kind.__name__}_{name}"
            found[label] = lambda originals, name=name, kind=kind: kind(originals.bytes(name))
    for label, parts in JOINED.items():
        found[label] = lambda originals, parts=parts: bytearray().join(originals.bytes(part) for part in parts)
    return found


def make(clip, folder, names=None):
    """Writes the broken files into `folder`, and returns their paths; `names` chooses some."""
    folder = Path(folder)
    hidden = folder / "originals"
    hidden.mkdir(parents=True, exist_ok=True)
    originals = Originals(clip, hidden)
    paths = []
    for name, recipe in recipes().items():
        if names is None or name in names:
            (folder / name).write_bytes(recipe(originals))
            paths.append(folder / name)
    return paths


if __name__ == "__main__":
    print(len(make(Path(sys.argv[1]), Path(sys.argv[2]))), "files")
