"""Two small renderers for scripts/makers/make_scenes.py: a ray tracer (spheres, boxes, cylinders; area light, lens) and a
stack of flat layers; procedural textures; a camera that adds blur, vignetting and noise. numpy only.

Both give a picture in linear light and the exact mask: the id seen through the centre of each pixel by a pinhole
camera, before any blur."""
import numpy as np

SEED_TABLE = np.random.Generator(np.random.PCG64(20240511))
PERM = np.concatenate([SEED_TABLE.permutation(256)] * 3)
VALUE = SEED_TABLE.random(256)


def rgb(hexcode):
    """Linear light of an sRGB colour "rrggbb"."""
    c = np.array([int(hexcode[i:i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def mix(a, b, t):
    t = np.asarray(t)[..., None]
    return a * (1 - t) + b * t


def step(lo, hi, x):
    t = np.clip((x - lo) / (hi - lo), 0, 1)
    return t * t * (3 - 2 * t)


# --- textures: functions of points (n, 3) ---

def noise(p):
    """Value noise in 0..1, one value a lattice cube's corner, smooth in between."""
    i = np.floor(p).astype(np.int64)
    f = p - i
    u = f * f * (3 - 2 * f)
    x, y, z = (i[..., k] & 255 for k in range(3))

    def row(dy, dz):
        a = VALUE[PERM[PERM[PERM[x] + y + dy & 255] + z + dz & 255]]
        b = VALUE[PERM[PERM[PERM[x + 1 & 255] + y + dy & 255] + z + dz & 255]]
        return a + (b - a) * u[..., 0]
    front = row(0, 0) + (row(1, 0) - row(0, 0)) * u[..., 1]
    back = row(0, 1) + (row(1, 1) - row(0, 1)) * u[..., 1]
    return front + (back - front) * u[..., 2]


def fbm(p, octaves=4):
    """Sum of octaves of noise, each at twice the frequency and half the weight; 0..1."""
    total, weight = 0, 0
    for k in range(octaves):
        total = total + noise(p * 2 ** k + 17.3 * k) * 0.5 ** k
        weight += 0.5 ** k
    return total / weight


def plain(color, grain=0.0, scale=8.0):
    c = rgb(color)
    return lambda p: c * (1 + grain * (fbm(p * scale, 3) - 0.5))[:, None] if grain else np.broadcast_to(c, p.shape)


def wood(light="b98a5a", dark="6e4522", scale=1.0, along=(0.12, 1.0, 1.0)):
    a, b = rgb(light), rgb(dark)

    def color(p):
        q = p * along * scale
        rings = np.hypot(q[:, 1] - 3.1, q[:, 2] + 2.3) * 5 + 1.6 * fbm(q * 1.5, 3)
        fine = fbm(p * (3, 70, 70) * np.array(scale), 2)
        return mix(a, b, 0.75 * (rings % 1) ** 2 + 0.35 * fine)
    return color


def checker(one, two, size=1.0):
    a, b = rgb(one), rgb(two)

    def color(p):
        cell = np.floor(p[:, [0, 2]] / size + 1e-6).astype(int).sum(axis=1) & 1
        return mix(a, b, cell) * (0.85 + 0.3 * fbm(p * 3, 3))[:, None]
    return color


def stripes(one, two, axis=1, period=0.4, duty=0.5):
    a, b = rgb(one), rgb(two)
    return lambda p: mix(a, b, (p[:, axis] / period) % 1 < duty)


def marble(one, two, scale=2.0):
    a, b = rgb(one), rgb(two)
    return lambda p: mix(a, b, np.abs(np.sin(p[:, 0] * scale * 2 + 7 * fbm(p * scale, 4))) ** 3)


def bricks(brick="8c4a36", mortar="a79f93", w=0.5, h=0.2, axes=(0, 1)):
    a, b = rgb(brick), rgb(mortar)

    def color(p):
        v = p[:, axes[1]] / h
        u = p[:, axes[0]] / w + 0.5 * (np.floor(v) % 2)
        tone = VALUE[PERM[PERM[np.floor(u).astype(int) & 255] + np.floor(v).astype(int) & 255]]
        joint = (np.abs(u % 1 - 0.5) > 0.47) | (np.abs(v % 1 - 0.5) > 0.43)
        return mix(a * (0.7 + 0.6 * tone)[:, None], b, joint) * (0.75 + 0.5 * fbm(p * 12, 3))[:, None]
    return color


# --- ray tracer ---

def rotation(yaw=0, pitch=0, roll=0):
    """Columns are the local axes; degrees; yaw about the upright y axis last."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


class Thing:
    """kind: sphere, box or cylinder (axis y); size: half extents; mask: id, 0 background. color and bump take points
    in the thing's own axes; bump moves the surface by that height, for its shading only."""

    def __init__(self, kind, centre, size, color, mask=0, turn=(0, 0, 0), gloss=0.0, sharp=40, bump=None):
        self.kind, self.color, self.mask, self.gloss, self.sharp, self.bump = kind, color, mask, gloss, sharp, bump
        self.centre = np.array(centre, float)
        self.size = np.broadcast_to(np.array(size, float), 3)
        self.axes = rotation(*turn)

    def hit(self, origin, ray):
        """Distance along each ray in units of its length; inf where it misses."""
        o = (origin - self.centre) @ self.axes / self.size
        d = ray @ self.axes / self.size
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.kind == "box":
                near, far = (-np.sign(d) - o) / d, (np.sign(d) - o) / d
                t0, t1 = np.nanmax(near, axis=1), np.nanmin(far, axis=1)
            else:
                k = [0, 1, 2] if self.kind == "sphere" else [0, 2]
                a, b, c = (d[:, k] ** 2).sum(1), (o[:, k] * d[:, k]).sum(1), (o[:, k] ** 2).sum(1) - 1
                root = np.sqrt(np.where(b * b - a * c >= 0, b * b - a * c, np.nan))
                t0, t1 = (-b - root) / a, (-b + root) / a
                if self.kind == "cylinder":
                    t0 = np.maximum(t0, (-np.sign(d[:, 1]) - o[:, 1]) / d[:, 1])
                    t1 = np.minimum(t1, (np.sign(d[:, 1]) - o[:, 1]) / d[:, 1])
            return np.where((t0 <= t1) & (t0 > 1e-6), t0, np.inf)

    def surface(self, point):
        """(own coordinates, outward normal in the world) of points on the surface."""
        local = (point - self.centre) @ self.axes
        q = local / self.size
        if self.kind == "sphere":
            n = q / self.size
        elif self.kind == "cylinder":
            cap = np.abs(q[:, 1]) > 1 - 1e-6
            n = np.where(cap[:, None], [0, 1, 0] * np.sign(q), [1, 0, 1] * q / self.size)
        else:
            face = np.abs(q).argmax(axis=1)
            n = np.zeros_like(q)
            n[np.arange(len(q)), face] = np.sign(q[np.arange(len(q)), face])
        n /= np.linalg.norm(n, axis=1, keepdims=True)
        if self.bump:
            e = 2e-3
            slope = np.stack([self.bump(local + e * axis) for axis in np.eye(3)], 1) - self.bump(local)[:, None]
            slope /= e
            n = n - (slope - n * (slope * n).sum(1, keepdims=True))
            n /= np.linalg.norm(n, axis=1, keepdims=True)
        return local, n @ self.axes.T


class Scene:
    """What a camera at `eye` sees of `things`; light: (position, radius, colour); sky: colour of a direction."""

    def __init__(self, things, eye, at, fov=40, light=((4, 8, 5), 1.2, 1.0), ambient=0.35, lens=0.0, focus=None,
                 sky=None, haze=0.0, w=640, h=480):
        self.things, self.light, self.ambient, self.lens, self.haze = things, light, ambient, lens, haze
        self.eye, self.w, self.h = np.array(eye, float), w, h
        ahead = np.array(at, float) - self.eye
        self.focus = focus or np.linalg.norm(ahead)
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0, 1, 0])
        right /= np.linalg.norm(right)
        self.frame = np.stack([right, np.cross(ahead, right), ahead])  # x right, y down, z ahead
        self.scale = 2 * np.tan(np.radians(fov) / 2) / h
        self.sky = sky or (lambda d: np.full(d.shape, 0.5))

    def rays(self, dx, dy):
        """Through (dx, dy) in each pixel, 0.5 its centre; one unit ahead has length 1."""
        y, x = np.mgrid[:self.h, :self.w]
        screen = np.stack([(x + dx - self.w / 2) * self.scale, (y + dy - self.h / 2) * self.scale,
                           np.ones((self.h, self.w))], -1)
        return screen.reshape(-1, 3)

    def nearest(self, origin, ray):
        best, which = np.full(len(ray), np.inf), np.full(len(ray), -1)
        for k, thing in enumerate(self.things):
            t = thing.hit(origin, ray)
            nearer = t < best
            best[nearer], which[nearer] = t[nearer], k
        return best, which

    def mask(self):
        ray = self.rays(0.5, 0.5) @ self.frame
        _, which = self.nearest(np.broadcast_to(self.eye, ray.shape), ray)
        ids = np.array([thing.mask for thing in self.things] + [0], np.uint8)
        return ids[which].reshape(self.h, self.w)

    def blocked(self, point, ray):
        """1 where nothing stands between point and point + ray."""
        free = np.ones(len(point), bool)
        for thing in self.things:
            free &= ~(thing.hit(point, ray) < 1)
        return free

    def shade(self, origin, ray, u):
        """Colour along each ray; u: six uniform numbers a ray."""
        t, which = self.nearest(origin, ray)
        out = self.sky(ray / np.linalg.norm(ray, axis=1, keepdims=True))
        position, radius, power = self.light
        for k, thing in enumerate(self.things):
            sel = which == k
            if not sel.any():
                continue
            p, d, v = origin[sel] + ray[sel] * t[sel, None], ray[sel], u[sel]
            local, n = thing.surface(p)
            start = p + n * 1e-4
            z, phi = 2 * v[:, 0] - 1, 2 * np.pi * v[:, 1]
            ball = np.stack([np.sqrt(1 - z * z) * np.cos(phi), np.sqrt(1 - z * z) * np.sin(phi), z], 1)
            to_light = np.array(position) + radius * ball - start
            lit = self.blocked(start, to_light)
            to_light /= np.linalg.norm(to_light, axis=1, keepdims=True)
            z, phi = 2 * v[:, 2] - 1, 2 * np.pi * v[:, 3]
            about = n + np.stack([np.sqrt(1 - z * z) * np.cos(phi), np.sqrt(1 - z * z) * np.sin(phi), z], 1) * 0.999
            about /= np.linalg.norm(about, axis=1, keepdims=True)
            reach, _ = self.nearest(start, about)
            open_sky = np.clip(reach / 1.5, 0, 1) * (0.7 + 0.3 * n[:, 1])
            half = to_light - d / np.linalg.norm(d, axis=1, keepdims=True)
            half /= np.linalg.norm(half, axis=1, keepdims=True)
            diffuse = lit * np.clip((n * to_light).sum(1), 0, 1) * power
            shine = thing.gloss * diffuse * np.clip((n * half).sum(1), 0, 1) ** thing.sharp
            c = thing.color(local) * (diffuse + self.ambient * open_sky)[:, None] + shine[:, None]
            if self.haze:
                c = mix(c, out[sel], 1 - np.exp(-self.haze * t[sel]))
            out[sel] = c
        return out

    def render(self, rng, side=4):
        """side x side rays a pixel; each takes its own point of the lens, of the light and of the sky."""
        total = np.zeros((self.w * self.h, 3))
        offset = rng.random((self.w * self.h, 6))
        for k in range(side * side):
            # Points of a six-dimensional Kronecker sequence, moved by each pixel's own offset.
            u = (offset + (k + 1) * np.array([0.851, 0.724, 0.616, 0.524, 0.446, 0.379])) % 1
            screen = self.rays((k % side + 0.5) / side, (k // side + 0.5) / side)
            r, phi = self.lens * np.sqrt(u[:, 4]), 2 * np.pi * u[:, 5]
            at = np.stack([r * np.cos(phi), r * np.sin(phi), np.zeros(len(r))], 1)
            ray = screen * self.focus - at
            total += np.minimum(self.shade(self.eye + at @ self.frame, ray / self.focus @ self.frame, u), 1.5)
        return (total / side ** 2).reshape(self.h, self.w, 3)


# --- layers ---

SUB = 3  # samples a pixel and axis; odd, so that the middle one is the pixel's centre


def blur(a, sigma):
    """Gaussian over the first two axes, border repeated."""
    if sigma <= 0:
        return a
    n = int(np.ceil(3 * sigma))
    taps = np.exp(-np.arange(-n, n + 1) ** 2 / (2 * sigma * sigma))
    taps /= taps.sum()
    for axis in (0, 1):
        pad = [(0, 0)] * a.ndim
        pad[axis] = (n, n)
        wide = np.pad(a, pad, mode="edge")
        size = a.shape[axis]
        a = sum(t * wide.take(range(k, k + size), axis) for k, t in enumerate(taps))
    return a


class Layers:
    """A picture painted back to front. A layer is a function of pixel coordinates (x, y) that gives (inside, colour)
    and the box (x0, y0, x1, y1) that holds it."""

    def __init__(self, w=640, h=480):
        self.w, self.h = w, h
        self.canvas = np.zeros((h * SUB, w * SUB, 3), np.float32)
        self.ids = np.zeros((h, w), np.uint8)

    def paint(self, box, layer, mask=None, soft=0.0, shadow=None):
        """mask: id, or None to leave the ids alone; soft: blur in pixels; shadow: (dx, dy, blur, strength),
        dx and dy >= 0."""
        grow = 4 * soft + (max(abs(shadow[0]), abs(shadow[1])) + 4 * shadow[2] if shadow else 0) + 2
        x0, y0 = (max(0, int(v - grow)) for v in box[:2])
        x1, y1 = min(self.w, int(box[2] + grow) + 1), min(self.h, int(box[3] + grow) + 1)
        if x0 >= x1 or y0 >= y1:
            return
        y, x = np.mgrid[y0 * SUB:y1 * SUB, x0 * SUB:x1 * SUB].astype(np.float64)
        inside, color = layer((x + 0.5) / SUB, (y + 0.5) / SUB)
        if mask is not None:
            self.ids[y0:y1, x0:x1][inside[SUB // 2::SUB, SUB // 2::SUB]] = mask
        part = self.canvas[y0 * SUB:y1 * SUB, x0 * SUB:x1 * SUB]
        alpha = inside.astype(np.float32)[..., None]
        if shadow:
            dx, dy, size, strength = shadow
            right, down = int(dx * SUB), int(dy * SUB)  # both >= 0
            dark = blur(np.pad(alpha, ((down, 0), (right, 0), (0, 0)))[:len(alpha), :alpha.shape[1]], size * SUB)
            part *= 1 - strength * dark
        paint = blur(np.concatenate([color.astype(np.float32) * alpha, alpha], 2), soft * SUB)
        part[:] = part * (1 - paint[..., 3:]) + paint[..., :3]

    def render(self):
        return self.canvas.reshape(self.h, SUB, self.w, SUB, 3).mean(axis=(1, 3)).astype(float)


# --- camera ---

def develop(light, rng, exposure=1.0, vignette=0.3, grain=1.0, psf=0.5):
    """Linear light to sRGB values 0..1: the lens's own blur, darker corners, photon and read noise, the tone curve."""
    h, w = light.shape[:2]
    y, x = np.mgrid[:h, :w]
    r2 = ((x - w / 2) ** 2 + (y - h / 2) ** 2) / ((w / 2) ** 2 + (h / 2) ** 2)
    light = blur(light, psf) * exposure * (1 - vignette * r2)[..., None]
    light = light + rng.standard_normal(light.shape) * grain * np.sqrt(4e-6 + 2.5e-4 * np.clip(light, 0, 1))
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def boundaries(ids):
    """255 where a pixel's id differs from that of its right or lower neighbour, else 0."""
    edge = np.zeros(ids.shape, bool)
    edge[:, :-1] |= ids[:, :-1] != ids[:, 1:]
    edge[:-1] |= ids[:-1] != ids[1:]
    return edge.astype(np.uint8) * 255
