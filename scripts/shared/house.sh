# shellcheck shell=bash
# What the project's shell scripts share. A script in scripts/FOLDER begins with
#
#     . "$(dirname "$0")/../shared/house.sh"
#
# and then stands in $root, the project. $data is the folder of data sets that the project does not own.
set -euo pipefail
unset EDGEL_CPU NO_COLOR # a result must not depend on who runs it
start_folder=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034
data=$(realpath -m -- "${EDGEL_DATA:-$root/../shared/data}")
cd "$root"

# Makes a folder $work that goes when the script ends.
make_work() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
}

# Ends the script as meson knows it: exit code 77, the reason in the last line.
skip() {
    echo "skipped: $*"
    exit 77
}

# The path of an argument, as it was meant where the script was called.
path_of() { (cd "$start_folder" && realpath -m -- "$1"); }
