"""OpenCV's Python package and scikit-image for scripts/bench/bench.py: answers lines as loop.h says.

    bench_python.py opencv|skimage                             answers lines
    bench_python.py opencv|skimage files THREADS OUT IMAGE...  OUT/STEM.png: gray, Gaussian, Canny 50/100, PNG
"""
import concurrent.futures
import pathlib
import statistics
import sys
import time

import numpy as np


class OpenCV:
    def __init__(self):
        import cv2
        self.cv, self.name = cv2, f"OpenCV {cv2.__version__}"
        cv2.setNumThreads(1)
        self.smooth, self.out = None, None

    def run(self, op, x, ksize, sigma, low, high):
        cv = self.cv
        if op in ("canny", "gaussian"):
            self.smooth = cv.GaussianBlur(x, (ksize, ksize), sigma, dst=self.smooth)
            if op == "gaussian":
                return self.smooth
            self.out = cv.Canny(self.smooth, low, high, edges=self.out)
        elif op == "sobel":
            gx, gy = cv.spatialGradient(x, ksize=3, borderType=cv.BORDER_REPLICATE)
            self.out = cv.add(cv.convertScaleAbs(gx), cv.convertScaleAbs(gy), dst=self.out)
        elif op == "roberts":
            y = cv.copyMakeBorder(x, 0, 1, 0, 1, cv.BORDER_REPLICATE)
            self.out = cv.add(cv.absdiff(y[:-1, :-1], y[1:, 1:]), cv.absdiff(y[:-1, 1:], y[1:, :-1]), dst=self.out)
        else:
            return None
        return self.out

    def file(self, path, to):
        x = self.cv.imread(path, self.cv.IMREAD_GRAYSCALE)
        self.cv.imwrite(to, self.cv.Canny(self.cv.GaussianBlur(x, (5, 5), 1.4), 50, 100))


class Skimage:
    """Its own formulas (float, square root, other ties): times can be compared, pixels cannot."""

    def __init__(self):
        import skimage
        from skimage import feature, filters, io
        self.feature, self.filters, self.io, self.name = feature, filters, io, f"scikit-image {skimage.__version__}"

    def run(self, op, x, ksize, sigma, low, high):
        if op == "canny":
            return self.feature.canny(x, sigma, low / 8, high / 8).view(np.uint8)
        if op == "gaussian":
            return self.filters.gaussian(x, sigma)
        names = {"sobel": self.filters.sobel, "roberts": self.filters.roberts, "prewitt": self.filters.prewitt,
                 "scharr": self.filters.scharr, "laplacian": self.filters.laplace}
        return names[op](x) if op in names else None

    def file(self, path, to):
        x = (self.io.imread(path, as_gray=True) * 255).astype(np.uint8)
        edges = self.run("canny", x, 5, 1.4, 50, 100)
        self.io.imsave(to, edges * np.uint8(255), check_contrast=False)


def hash_of(x):
    """The hash of loop.h; "-" for results that are no bytes."""
    if x.dtype != np.uint8:
        return "-"
    weight = np.arange(1, x.size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    weight ^= weight >> np.uint64(32)
    return f"{int((weight * (x.reshape(-1).astype(np.uint64) + np.uint64(1))).sum(dtype=np.uint64)):016x}"


def answer(peer, line, held):
    op, ksize, sigma, low, high, threads, clock, budget, path, w, h = line.split()
    if threads != "1":
        return "none"
    if held.get("path") != path:
        held.update(path=path, pixels=np.fromfile(path, np.uint8).reshape(int(h), int(w)))
    ns = time.process_time_ns if clock == "cpu" else time.perf_counter_ns
    case = op, held["pixels"], int(ksize), float(sigma), float(low), float(high)
    if peer.run(*case) is None:
        return "none"
    times, until = [], time.monotonic() + float(budget) / 1e3
    while not times or (len(times) < 101 and time.monotonic() < until):
        start = ns()
        out = peer.run(*case)
        times.append(ns() - start)
    return f"{statistics.median(times) / out.size:.4f} {hash_of(out)}"


def main():
    peer = {"opencv": OpenCV, "skimage": Skimage}[sys.argv[1]]()
    if sys.argv[2:3] == ["files"]:
        threads, to, inputs = int(sys.argv[3]), pathlib.Path(sys.argv[4]), sys.argv[5:]
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda p: peer.file(p, str(to / (pathlib.Path(p).stem + ".png"))), inputs):
                pass
        return
    print(peer.name, flush=True)
    held = {}
    for line in sys.stdin:
        print(answer(peer, line, held), flush=True)


if __name__ == "__main__":
    main()
