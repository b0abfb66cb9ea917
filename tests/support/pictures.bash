# Small pictures for the tests of the program, made without any other program.
# shellcheck shell=bash

# gray WIDTH HEIGHT: an 8-bit PGM with soft and hard edges.
gray() {
    awk -v w="$1" -v h="$2" 'BEGIN {
        print "P2", w, h, 255
        for (y = 0; y < h; y++)
            for (x = 0; x < w; x++)
                print (x * 3 + y * 5 + (x > w / 2) * 60 + (x * x + y * y < w * w / 9) * 70 + (x * 37 + y * 91) % 11) % 256
    }'
}

# stack PGM...: text PGMs as pages of one TIFF, 8 bits, one strip each, not compressed.
stack() {
    printf '%b' "$(awk '
        function u8(v) { printf "\\0%03o", v % 256; at++ }
        function u16(v) { u8(v); u8(int(v / 256)) }
        function u32(v) { u16(v % 65536); u16(int(v / 65536)) }
        function entry(tag, type, v) { u16(tag); u16(type); u32(1); u32(v) }
        FNR == 1 { n[++pages] = 0; w[pages] = $2; h[pages] = $3; next }
        { for (i = 1; i <= NF; i++) v[pages, n[pages]++] = $i }
        END {
            u16(18761); u16(42); u32(8)
            for (p = 1; p <= pages; p++) {
                first = at + 114
                u16(9); entry(256, 3, w[p]); entry(257, 3, h[p]); entry(258, 3, 8); entry(259, 3, 1); entry(262, 3, 1)
                entry(273, 4, first); entry(277, 3, 1); entry(278, 3, h[p]); entry(279, 4, n[p])
                u32(p < pages ? first + n[p] + n[p] % 2 : 0)
                for (i = 0; i < n[p] + n[p] % 2; i++) u8(v[p, i])
            }
        }' "$@")"
}

# step HEIGHT: rows 0 0 10 10, as PGM.
step() {
    awk -v h="$1" 'BEGIN { print "P2 4", h, 255; for (y = 0; y < h; y++) print "0 0 10 10" }'
}

# color: a PPM whose left half is red and whose right half is the blue of the same gray.
color() {
    awk 'BEGIN { print "P3 12 8 255"; for (y = 0; y < 8; y++) for (x = 0; x < 12; x++) print (x < 6 ? "60 0 0" : "0 0 157") }'
}

# pixels N FILE: its last N bytes as numbers in one line.
pixels() {
    tail -c "$1" "$2" | od -An -v -tu1 | xargs
}

# png_head FILE: width, height, depth and colour type of a PNG.
png_head() {
    od -An -v -tu1 -j 16 -N 10 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8, $9, $10 }'
}

# A JPEG of 12x8 pixels, bright at the left, whose EXIF orientation turns it to 8x12.
turned() {
    base64 -d <<'END'
/9j/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBA
YGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/wAALCAAIAAwB
AREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMU
EGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZn
aGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+
Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AI/2rP8AmV/+3r/2jXgFf//Z
END
}

# The same as a progressive JPEG of 6 scans, not turned.
scans() {
    base64 -d <<'END'
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHB
YWICwgIyYnKSopGR8tMC0oMCUoKSj/wgALCAAIAAwBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAgf/2gAIAQEAAAAB
M/8A/8QAFRABAQAAAAAAAAAAAAAAAAAABhD/2gAIAQEAAQUCVz//xAAXEAADAQAAAAAAAAAAAAAAAAAEEILB/9oACA
EBAAY/Ahaxf//EABQQAQAAAAAAAAAAAAAAAAAAABD/2gAIAQEAAT8hD//aAAgBAQAAABB//8QAFBABAAAAAAAAAAAA
AAAAAAAAEP/aAAgBAQABPxAD/9k=
END
}

# A PNG of 2x2 pixels with a text chunk of 100 bytes.
text() {
    base64 -d <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAAZHRFWHRDb21tZW50AHh4eHh4eHh4eHh4eHh4eHh4eH
h4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
eHh4eHh4BXNALAAAAA5JREFUeNpjYGRiYGYBAAAdAAsQ3RxwAAAAAElFTkSuQmCC
END
}

# A PNG of 2x2 pixels with a colour profile that is none.
profile() {
    base64 -d <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAAHmlDQ1BiYWQAAHicy8tXKCjKT8vMSVVILFFIzMkBAD
kOBj1K0hWtAAAADklEQVR42mNgZGJgZgEAAB0ACxDdHHAAAAAASUVORK5CYII=
END
}
