#!/bin/sh
# Makes the pictures in this directory anew: report.svg (the text in a terminal), and of three recorded incidents the page on a desktop, on a dark
# phone, and the mail; and a timeline with what earlier runs tell. Run it from the repository with the virtual environment on PATH; it needs script, chromium, pngquant and optipng.
set -eu
here=docs/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONPATH=.

picture() { # NAME PAGE WIDTH HEIGHT [FLAG]
    chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" --window-size="$3,$4" ${5:-} \
        --screenshot="$work/full.png" "file://$work/$2.html" 2>/dev/null
    pngquant --force --speed 1 --output "$here/$1.png" 64 "$work/full.png"
    optipng -quiet -o4 "$here/$1.png"
}

COLUMNS=104 script -qec "python -m collector demo 2>/dev/null" /dev/null </dev/null | python $here/terminal_picture.py 40 >"$here/report.svg"
for incident in app-crash advertise-url nomad-client-down; do
    python $here/pages.py $incident "$work"
    picture "$incident-desktop" page 1280 1560
    picture "$incident-phone-dark" page 390 1700 --blink-settings=preferredColorScheme=0
    picture "$incident-mail" mail 700 1400
done
python $here/pages.py timeline "$work"
picture timeline page 560 420
