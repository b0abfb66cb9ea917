#!/usr/bin/env bash
# The NEON kernels without an ARM machine: builds for 64-bit ARM and runs under qemu the kernels' check and the tests of
# the filters and of convolutions, then compares what detect writes there, at the levels neon and c, with this machine's.
# Run by hand, on Debian; what is missing of the compiler and qemu is installed, the ARM libraries are unpacked in a
# folder of their own, $ARM64_ROOT (default build-arm64-root), and kept there.
#
#   scripts/hand/check_neon.sh [TEST...]        default: kernelcheck reads nncheck filter canny opencv stream numeric conv
. "$(dirname "$0")/../shared/house.sh"
. scripts/shared/setup.sh
libs=${ARM64_ROOT:-$PWD/build-arm64-root}
make_work
[ $# -gt 0 ] || set -- kernelcheck reads nncheck filter canny opencv stream numeric conv

# apt-get for ARM packages with lists and a status of its own, so that nothing of this machine's changes.
apt_arm64() {
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= -o Debug::NoLocking=1 \
        -o Dir::State="$libs/apt" -o Dir::State::status="$libs/apt/status" \
        -o Dir::Cache="$libs/apt" -o Dir::Cache::archives="$libs/apt/archives" "$@"
}

set_up build arm64
if [ ! -e "$libs/root.ini" ]; then
    mkdir -p "$libs/apt/lists/partial" "$libs/apt/archives/partial"
    : >"$libs/apt/status"
    mapfile -t names < <(packages_of build test | grep -e '-dev$')
    apt_arm64 update
    apt_arm64 install -y --no-install-recommends --download-only "${names[@]}"
    for package in "$libs"/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$libs"
    done
    printf "[constants]\nroot = '%s'\n" "$libs" >"$libs/root.ini"
fi

[ -e build/build.ninja ] || meson setup build >/dev/null
ninja -C build src/cli/edgel
[ -e build-arm64/build.ninja ] || meson setup build-arm64 -Dwerror=true -Dtests=enabled \
    --cross-file "$libs/root.ini" --cross-file scripts/hand/arm64.ini >/dev/null
ninja -C build-arm64 src/cli/edgel
meson test -C build-arm64 --timeout-multiplier 20 --print-errorlogs "$@" # builds what these need

methods=()
for m in canny canny:norm=l2 canny:aperture=5,sigma=0 canny:aperture=7 sobel sobel:norm=l2 sobel:aperture=5 \
    sobel:aperture=7,norm=l2 prewitt scharr:norm=l2 roberts roberts:norm=l2 gaussian gaussian:gray=channels,sigma=5; do
    methods+=(-m "$m")
done
detect() { # OUT PROGRAM...
    "${@:2}" detect -q "${methods[@]}" --name '{dir}/{stem}_{ext}_{n}.pnm' -o "$1" data/scenes/images
}
detect "$work/here" build/src/cli/edgel
for level in neon c; do
    arm=(env EDGEL_CPU="$level" qemu-aarch64-static -L "$libs" build-arm64/src/cli/edgel)
    "${arm[@]}" --version | grep -x "CPU level: $level"
    detect "$work/$level" "${arm[@]}"
    diff -r "$work/here" "$work/$level"
done
echo "$(find "$work/here" -type f | wc -l) outputs of detect: the same bytes at neon, c and on this machine"
