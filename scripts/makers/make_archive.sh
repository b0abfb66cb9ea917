#!/bin/sh
# Makes of a static library one with a single object in which only public names are visible (those of default
# visibility).
#
#   make_archive.sh OBJCOPY AR FROM.a TO.a CC...
set -eu
objcopy=$1 ar=$2 from=$3 to=$4
shift 4
"$@" -r -nostdlib -o "$to.o" -Wl,--whole-archive "$from" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$to.o"
rm -f "$to"
"$ar" crsD "$to" "$to.o"
rm -f "$to.o"
