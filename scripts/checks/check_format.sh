#!/usr/bin/env bash
# Checks that lines of C, Markdown (tables aside) and meson.build have at most 120 columns, and the layout of every C file against
# .clang-format; --fix mends the latter. The layout is the one of clang-format 14 (Debian 12), since versions differ;
# exit 77 (skipped) without it.
. "$(dirname "$0")/../shared/house.sh"
if [[ ${1-} != --fix ]] &&
    LC_ALL=C.UTF-8 grep -rnE '^[^|].{120}' --include='*.[ch]' --include='*.md' --include=meson.build \
        meson.build ./*.md data include src tests examples; then
    echo "these lines are longer than 120 columns"
    exit 1
fi
tool=$(command -v clang-format-14) || {
    skip "clang-format-14 is not installed"
}
mapfile -d '' -t files < <(find include src tests examples -name '*.[ch]' -print0 2>/dev/null | sort -z)
case ${1-} in
'') "$tool" --dry-run --Werror "${files[@]}" && echo "${#files[@]} files, layout ok" ;;
--fix) "$tool" -i "${files[@]}" ;;
*)
    echo "usage: scripts/checks/check_format.sh [--fix]" >&2
    exit 2
    ;;
esac
