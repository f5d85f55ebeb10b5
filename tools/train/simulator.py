"""Seeded scenes of walking people, and what a camera's detector and tracker would make of them.

People follow social forces (Helbing and Molnár, "Social force model for pedestrian dynamics", 1995): each wants a
velocity and keeps off the others. A person's script says what is wanted, and is named by the class of behaviour that it
plays. Nothing here was measured on real people: speeds, forces and habits are chosen, and stand below.
"""

from dataclasses import dataclass, field

import numpy as np

from camera import random_camera

CLASSES = ("walk", "run", "loiter", "agitation", "collapse", "queue")
WALK, RUN, LOITER, AGITATION, COLLAPSE, QUEUE = range(len(CLASSES))

TICK_S = 0.1
RELAXATION_S = 0.5  # until a person has the velocity that is wanted
PUSH_M_S2, PUSH_RANGE_M, BODIES_M = 4.0, 0.3, 0.5


class Person:
    def __init__(self, random, position):
        self.position = np.array(position, dtype=float)
        self.velocity = np.zeros(2)
        self.wanted = np.zeros(2)
        self.relaxation_s = RELAXATION_S
        self.label = WALK
        self.present = True
        self.tall_m = random.uniform(1.5, 1.92)
        self.radius_m = random.uniform(0.24, 0.36)
        self.phase = random.uniform(0, 2 * np.pi)
        self.height_share = 1.0  # less when bent or crouching
        self.width_share = 1.0  # more with arms out
        self.lean_rad = 0.0
        self.lean_direction = 0.0
        self.script = None


class Scene:
    """The people of one place over some time; every tick their state is recorded."""

    def __init__(self, random, centre, radius_m, duration_s):
        self.random, self.centre, self.radius_m = random, np.array(centre), radius_m
        self.ticks = int(duration_s / TICK_S)
        self.people = []

    def add(self, script, position):
        person = Person(self.random, position)
        person.script = script(person)
        self.people.append(person)
        return person

    def edge(self, angle=None):
        angle = self.random.uniform(0, 2 * np.pi) if angle is None else angle
        return self.centre + self.radius_m * np.array([np.cos(angle), np.sin(angle)])

    def inside(self, share=0.7):
        angle, distance = self.random.uniform(0, 2 * np.pi), self.radius_m * share * np.sqrt(self.random.uniform())
        return self.centre + distance * np.array([np.cos(angle), np.sin(angle)])

    def run(self):
        """Arrays [tick, person, …] of what the people did."""
        shape = (self.ticks, len(self.people))
        record = {name: np.zeros(shape) for name in ("length", "radius", "lean", "direction")}
        record |= {"position": np.zeros((*shape, 2)), "label": np.zeros(shape, int), "present": np.zeros(shape, bool)}
        for tick in range(self.ticks):
            for person in self.people:
                if person.present and next(person.script, None) is None:
                    person.present = False
            self.move()
            self.note(record, tick)
        return record

    def move(self):
        position = np.array([person.position for person in self.people])
        velocity = np.array([person.velocity for person in self.people])
        wanted = np.array([person.wanted for person in self.people])
        relaxation = np.array([person.relaxation_s for person in self.people])[:, None]
        there = np.array([person.present for person in self.people])
        apart = position[:, None] - position[None]
        distance = np.linalg.norm(apart, axis=-1) + 1e-6
        push = PUSH_M_S2 * np.exp((BODIES_M - distance) / PUSH_RANGE_M) * (there[None] & there[:, None])
        np.fill_diagonal(push, 0)
        force = (np.minimum(push, 8) / distance)[..., None] * apart
        velocity += TICK_S * ((wanted - velocity) / np.maximum(relaxation, TICK_S) + force.sum(axis=1))
        for index, person in enumerate(self.people):
            person.velocity = velocity[index] if person.lean_rad < 1 else np.zeros(2)
            person.position = position[index] + TICK_S * person.velocity

    def note(self, record, tick):
        for person in self.people:
            speed = np.hypot(*person.velocity)
            person.phase += TICK_S * 2 * np.pi * min(0.4 + 0.55 * speed, 2.5) * (speed > 0.15)
            person.swing = min(0.25 * speed, 0.5) * 0.5
        phase, swing, tall, height_share, radius, width_share = np.array([
            (p.phase, p.swing, p.tall_m, p.height_share, p.radius_m, p.width_share) for p in self.people]).T
        record["position"][tick] = [person.position for person in self.people]
        record["length"][tick] = tall * height_share * (1 + 0.01 * np.sin(2 * phase))
        record["radius"][tick] = radius * width_share * (1 + swing * np.sin(phase))  # of legs and arms
        for name, member in (("lean", "lean_rad"), ("direction", "lean_direction"), ("label", "label"), ("present", "present")):
            record[name][tick] = [getattr(person, member) for person in self.people]

    # ------------------------------------------------------------------------------------------------------- scripts

    def pause(self, person, seconds):
        for _ in range(int(seconds / TICK_S)):
            person.wanted = self.random.normal(0, 0.06, 2)
            yield True

    def go(self, person, goal, speed, label, near_m=0.6, most_s=60.0):
        person.label = label
        wobble = 0.0
        for _ in range(int(most_s / TICK_S)):
            way = goal - person.position
            distance = np.hypot(*way)
            if distance < near_m:
                return
            wobble += TICK_S * (-wobble / 2 + self.random.normal(0, 0.6))
            turn = np.array([[np.cos(wobble), -np.sin(wobble)], [np.sin(wobble), np.cos(wobble)]])
            person.wanted = turn @ way / distance * speed * min(1, 0.3 + distance)
            yield True

    def walk(self, person, goal, speed=None):
        yield from self.go(person, goal, speed or self.random.uniform(0.8, 1.8), WALK)

    def run_to(self, person, goal):
        person.relaxation_s = 0.4
        yield from self.go(person, goal, self.random.uniform(2.8, 5.2), RUN)
        person.relaxation_s = RELAXATION_S

    def bend(self, person, seconds):
        """Ties a shoe, picks something up: the box changes, the behaviour does not."""
        low, wide = self.random.uniform(0.55, 0.8), self.random.uniform(1, 1.3)
        for share in np.linspace(0, 1, 6):
            person.height_share, person.width_share = 1 + share * (low - 1), 1 + share * (wide - 1)
            person.wanted = np.zeros(2)
            yield True
        yield from self.pause(person, seconds)
        for share in np.linspace(1, 0, 6):
            person.height_share, person.width_share = 1 + share * (low - 1), 1 + share * (wide - 1)
            yield True

    def loiter(self, person, seconds, reach_m):
        person.label = LOITER
        home, spent = person.position.copy(), 0.0
        while spent < seconds:
            step = self.random.uniform(2, 12)
            choice = self.random.uniform()
            if choice < 0.55:
                yield from self.pause(person, step)
            elif choice < 0.62:
                yield from self.bend(person, self.random.uniform(0.5, 3))
            else:
                goal = home + self.random.uniform(-reach_m, reach_m, 2)
                yield from self.go(person, goal, self.random.uniform(0.25, 0.8), LOITER, near_m=0.25, most_s=step)
            spent += step

    def fight(self, person, others, centre, seconds):
        person.label, person.relaxation_s = AGITATION, 0.15
        left, change = seconds, 0.0
        while left > 0:
            if change <= 0:
                change = self.random.uniform(0.2, 0.7)
                opponent = others[self.random.integers(len(others))]
                towards = opponent.position - person.position
                towards = towards / (np.hypot(*towards) + 0.1)
                side = np.array([-towards[1], towards[0]]) * self.random.normal(0, 0.7)
                forward = 1 if self.random.uniform() < 0.6 else -1
                person.wanted = (forward * towards + side) * self.random.uniform(0.6, 2.6)
                person.width_share = self.random.uniform(0.95, 1.7)
                person.height_share = self.random.uniform(0.85, 1.03)
            home = centre - person.position
            if np.hypot(*home) > 1.3:
                person.wanted = home / np.hypot(*home) * self.random.uniform(1, 2)
            left, change = left - TICK_S, change - TICK_S
            yield True
        person.relaxation_s, person.width_share, person.height_share = RELAXATION_S, 1.0, 1.0

    def collapse(self, person, seconds):
        person.label = COLLAPSE
        person.lean_direction = self.random.uniform(0, 2 * np.pi)
        knees, final = self.random.uniform(0.6, 1), self.random.uniform(1.3, np.pi / 2)
        ticks = max(int(self.random.uniform(0.5, 1.6) / TICK_S), 1)
        for tick in range(ticks):
            share = ((tick + 1) / ticks) ** 1.7
            person.lean_rad, person.height_share = share * final, 1 - (1 - knees) * np.sin(np.pi * share)
            person.wanted = person.wanted * 0.8
            yield True
        restless = self.random.uniform(0, 0.05)
        for _ in range(int(seconds / TICK_S)):
            person.wanted = np.zeros(2)
            person.lean_rad = np.clip(person.lean_rad + self.random.normal(0, restless), 1.2, np.pi / 2)
            person.height_share = float(np.clip(person.height_share + self.random.normal(0, restless), 0.7, 1))
            yield True

    def leave(self, person):
        yield from self.walk(person, self.edge())


@dataclass
class Line:
    """A queue: places one behind the other, the first one served."""

    places: np.ndarray
    waiting: list = field(default_factory=list)
    left_s: float = 5.0


def passer(scene, begin, goal, delay_s=0.0, speed=None):
    def script(person):
        person.present = True
        yield from scene.pause(person, delay_s)
        yield from scene.walk(person, goal, speed)
        if scene.random.uniform() < 0.5:
            yield from scene.leave(person)

    scene.add(script, begin)


def group_of_friends(scene):
    begin, goal, speed = scene.edge(), scene.inside(), scene.random.uniform(0.7, 1.4)
    for _ in range(scene.random.integers(2, 4)):
        passer(scene, begin + scene.random.normal(0, 0.6, 2), goal + scene.random.normal(0, 0.5, 2), speed=speed)


def runner(scene):
    def script(person):
        if scene.random.uniform() < 0.3:
            yield from scene.walk(person, scene.inside())
        for _ in range(scene.random.integers(2, 7)):
            yield from scene.run_to(person, scene.edge())
        yield from scene.leave(person)

    scene.add(script, scene.edge())


def loiterer(scene):
    def script(person):
        if scene.random.uniform() < 0.6:
            yield from scene.walk(person, scene.inside())
        yield from scene.loiter(person, scene.random.uniform(12, 60), scene.random.uniform(0.4, 2.2))
        yield from scene.leave(person)

    scene.add(script, scene.inside())


def chatting_people(scene):
    """Stand close to each other: near, like a fight or a queue, but calm and in no line."""
    centre, seconds = scene.inside(), scene.random.uniform(15, 50)
    count = scene.random.integers(2, 5)
    for index in range(count):
        angle = 2 * np.pi * index / count + scene.random.normal(0, 0.3)

        def script(person):
            yield from scene.loiter(person, seconds, 0.25)
            yield from scene.leave(person)

        scene.add(script, centre + 0.6 * np.array([np.cos(angle), np.sin(angle)]))


def brawl(scene):
    centre, seconds = scene.inside(0.5), scene.random.uniform(6, 22)
    everybody, calm_s = [], scene.random.uniform(2, 10)
    for _ in range(scene.random.integers(2, 5)):

        def script(person):
            if scene.random.uniform() < 0.5:
                yield from scene.loiter(person, calm_s, 0.3)
            else:
                yield from scene.walk(person, centre + scene.random.normal(0, 0.5, 2))
            others = [other for other in everybody if other is not person]
            yield from scene.fight(person, others, centre, seconds * scene.random.uniform(0.7, 1.2))
            end = scene.random.uniform()
            if end < 0.15:
                yield from scene.collapse(person, 60)
            elif end < 0.4:
                yield from scene.run_to(person, scene.edge())
            elif end < 0.6:
                yield from scene.loiter(person, 20, 0.5)
            else:
                yield from scene.leave(person)

        begin = centre + scene.random.normal(0, 0.6, 2) if scene.random.uniform() < 0.7 else scene.edge()
        everybody.append(scene.add(script, begin))


def faller(scene):
    def script(person):
        before = scene.random.uniform()
        if before < 0.5:
            yield from scene.go(person, scene.inside(), scene.random.uniform(0.7, 1.6), WALK, most_s=scene.random.uniform(3, 15))
        elif before < 0.65:
            yield from scene.go(person, scene.inside(), scene.random.uniform(2.5, 4), RUN, most_s=scene.random.uniform(1.5, 6))
        else:
            yield from scene.loiter(person, scene.random.uniform(3, 15), 0.6)
        yield from scene.collapse(person, 60)

    scene.add(script, scene.inside() if scene.random.uniform() < 0.5 else scene.edge())


def queue(scene):
    random = scene.random
    angle, bend, gap = random.uniform(0, 2 * np.pi), random.normal(0, 0.08), random.uniform(0.65, 1.2)
    place, places = scene.inside(0.6), []
    for _ in range(12):
        places.append(place)
        place = place + gap * np.array([np.cos(angle), np.sin(angle)])
        angle += bend
    line = Line(np.array(places), left_s=random.uniform(2, 12))

    def script(person):
        sway = random.uniform(0.02, 0.08)
        if not person.first_there:
            yield from scene.walk(person, line.places[min(len(line.waiting), 11)], random.uniform(0.8, 1.4))
        person.label = QUEUE
        line.waiting.append(person)
        delay = 0.0
        while True:
            at = line.waiting.index(person)
            if at == 0:
                line.left_s -= TICK_S
                if line.left_s <= 0:
                    line.waiting.remove(person)
                    line.left_s = random.uniform(4, 16)
                    yield from scene.leave(person)
                    return
            way = line.places[min(at, 11)] - person.position
            distance = np.hypot(*way)
            if distance > 0.3 and delay <= 0:
                person.wanted = way / distance * min(0.9, 0.4 + distance)
            else:
                person.wanted = random.normal(0, sway, 2)
                delay = random.uniform(0.2, 1.5) if distance <= 0.3 else delay - TICK_S
            yield True

    for index in range(random.integers(3, 9)):
        scene.add(script, places[index] + random.normal(0, 0.12, 2)).first_there = True
    for _ in range(random.integers(0, 3)):
        scene.add(script, scene.edge()).first_there = False


def make_scene(random, camera, duration_s):
    scene = Scene(random, (0, camera.distance_m), camera.area_radius_m(), duration_s)
    for _ in range(random.integers(1, 6)):
        passer(scene, scene.edge(), scene.inside() if random.uniform() < 0.4 else scene.edge(), random.uniform(0, 3))
    chances = ((group_of_friends, 0.35), (runner, 0.6), (runner, 0.4), (loiterer, 0.45), (chatting_people, 0.25),
               (brawl, 0.55), (faller, 0.45), (faller, 0.2), (queue, 0.35))
    for add, chance in chances:
        if random.uniform() < chance:
            add(scene)
    return scene


# ------------------------------------------------------------------------------------------------ detector and tracker


@dataclass(frozen=True)
class Flaws:
    """What is wrong with what a tracker says, as shares and rates."""

    box_noise: float  # deviation, of the box's height
    noise_memory: float  # correlation of a box's error with that of the frame before
    missed: float
    dropped_frames: float
    switches_per_second: float
    gaps_per_second: float  # a person is not seen for a while
    time_jitter: float  # of the interval between frames


def random_flaws(random):
    return Flaws(
        box_noise=random.uniform(0.005, 0.05),
        noise_memory=random.uniform(0, 0.85),
        missed=random.uniform(0, 0.15),
        dropped_frames=random.uniform(0, 0.2),
        switches_per_second=random.uniform(0, 0.01),
        gaps_per_second=random.uniform(0, 0.04),
        time_jitter=random.uniform(0, 0.2),
    )


@dataclass
class Recording:
    """What a tracker reported: of each frame its time, and of each box its track and whose behaviour it shows."""

    frame_ns: list  # ascending
    boxes: list  # for each frame [(track, left, top, width, height)]
    labels: dict  # track → [(time ns, class)] of its boxes
    geometry: str


def overlaps(boxes):
    """Area that each two boxes share."""
    left, top, right, bottom = (boxes[:, i] for i in range(4))
    width = np.minimum(right[:, None], right[None]) - np.maximum(left[:, None], left[None])
    height = np.minimum(bottom[:, None], bottom[None]) - np.maximum(top[:, None], top[None])
    return np.maximum(width, 0) * np.maximum(height, 0)


def observe(random, record, camera, flaws, geometry):
    ticks, people = record["label"].shape
    interval = 1 / camera.frames_per_second
    times = np.arange(0, (ticks - 1) * TICK_S, interval)
    times = np.sort(times + random.uniform(-0.5, 0.5, len(times)) * flaws.time_jitter * interval)
    times = times[(times >= 0) & (random.uniform(size=len(times)) >= flaws.dropped_frames)]
    at = np.minimum(times / TICK_S, ticks - 1.001)
    low = at.astype(int)
    share = (at - low)[:, None]

    def between(name):
        values = record[name]
        part = share if values.ndim == 2 else share[..., None]
        return values[low] * (1 - part) + values[low + 1] * part

    boxes, distance = camera.boxes(between("position"), between("length"), between("radius"), between("lean"),
                                   record["direction"][low])
    nearest = np.rint(at).astype(int)
    label, present = record["label"][nearest], record["present"][nearest]
    # Something that hides feet, in some pictures.
    counter = None
    if random.uniform() < 0.25:
        x, y = random.uniform(0, 0.7) * camera.width, random.uniform(0.4, 0.8) * camera.height
        counter = (x, y, x + random.uniform(0.15, 0.4) * camera.width, y + random.uniform(0.1, 0.25) * camera.height)
    error = np.zeros((people, 4))
    blind_until = np.zeros(people)
    tracks = list(range(people))
    next_track = people
    recording = Recording([], [], {}, geometry)
    for frame, time in enumerate(times):
        now = np.array(boxes[frame])
        tall = now[:, 3] - now[:, 1]
        whole = np.maximum((now[:, 2] - now[:, 0]) * tall, 1e-6)
        if counter is not None:
            x, y, right, bottom = counter
            middle = (now[:, 0] + now[:, 2]) / 2
            hidden = (middle > x) & (middle < right) & (now[:, 3] > y) & (now[:, 3] < bottom)
            now[:, 3] = np.where(hidden, np.maximum(y, now[:, 1] + 0.4 * tall), now[:, 3])
        now[:, 0::2] = np.clip(now[:, 0::2], 0, camera.width)
        now[:, 1::2] = np.clip(now[:, 1::2], 0, camera.height)
        area = (now[:, 2] - now[:, 0]) * (now[:, 3] - now[:, 1])
        seen = present[frame] & (distance[frame] > 1) & (tall > 20) & (area > 0.35 * whole)
        overlap = overlaps(now)
        nearer = (distance[frame][:, None] > distance[frame][None] + 0.1) & seen[None]
        behind = (overlap * nearer).max(axis=1) / np.maximum(area, 1e-6)
        miss = random.uniform(size=people) < np.where(behind > 0.6, 0.8, flaws.missed)
        starts = random.uniform(size=people) < flaws.gaps_per_second * interval
        blind_until = np.where(starts, time + random.uniform(0.3, 2.5, people), blind_until)
        switch = random.uniform(size=people) < flaws.switches_per_second * interval
        fresh = random.normal(0, flaws.box_noise, (people, 4)) * np.sqrt(1 - flaws.noise_memory**2)
        error = flaws.noise_memory * error + fresh * (1 + (behind > 0.3))[:, None]
        rows = []
        for person in np.flatnonzero(seen & ~miss & (blind_until <= time)):
            if switch[person]:
                tracks[person], next_track = next_track, next_track + 1
            left, top, right, bottom = now[person]
            middle, centre = (left + right) / 2, (top + bottom) / 2
            middle += error[person, 0] * tall[person] * 0.6
            centre += error[person, 1] * tall[person]
            width = (right - left) * np.exp(error[person, 2])
            height = (bottom - top) * np.exp(error[person, 3])
            track = tracks[person]
            rows.append((track, middle - width / 2, centre - height / 2, width, height))
            recording.labels.setdefault(track, []).append((round(time * 1e9), int(label[frame, person])))
        recording.frame_ns.append(round(time * 1e9))
        recording.boxes.append(rows)
        swap_neighbours(random, overlap / np.maximum(np.minimum(area[:, None], area[None]), 1e-6), seen, tracks)
    return recording


def swap_neighbours(random, overlap, seen, tracks):
    """Trackers confuse people who cover each other."""
    for a, b in np.argwhere(np.triu(overlap > 0.7, 1) & seen[:, None] & seen[None]):
        if random.uniform() < 0.01:
            tracks[a], tracks[b] = tracks[b], tracks[a]


def record_scene(seed, geometry, duration_s=60.0):
    """One scene, seen by one camera: the same seed and geometry give the same bytes."""
    random = np.random.default_rng([seed, len(geometry), *geometry.encode()])
    camera = random_camera(random, geometry)
    scene = make_scene(random, camera, duration_s)
    return observe(random, scene.run(), camera, random_flaws(random), geometry)
