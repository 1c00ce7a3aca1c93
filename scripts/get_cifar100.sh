#!/bin/sh
# Fetches the binary version of CIFAR-100 (161 MB, https://www.cs.toronto.edu/~kriz/cifar.html), verifies it and unpacks
# train.bin, test.bin and the class names where train_cifar100 looks for them.
#
# Usage: scripts/get_cifar100.sh [DIR]      DIR: the folder to make, ./data/cifar-100-binary unless given
#
# LAMINA_CIFAR100_URL names another place to fetch the same archive from. Exit status: 0 done or there already, 1 failed
# with one line that says why, 2 wrong usage. A failure leaves nothing behind.
set -eu

url=${LAMINA_CIFAR100_URL:-https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz}
md5=03b5dce01913d631647c71ecec9e9cb8

fail() {
  echo "get_cifar100: $*" >&2
  exit 1
}

size_of() { wc -c <"$1" | tr -d ' '; }

is_complete() {
  [ -f "$1/train.bin" ] && [ -f "$1/test.bin" ] &&
    [ "$(size_of "$1/train.bin")" -eq 153700000 ] && [ "$(size_of "$1/test.bin")" -eq 30740000 ]
}

fetch() {
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --connect-timeout 20 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --quiet --timeout=20 --tries=2 --output-document="$2" "$1"
  else
    echo "neither curl nor wget is installed"
    return 1
  fi
}

md5_of() {
  if command -v md5sum >/dev/null; then md5sum "$1" | cut -d ' ' -f 1; else md5 -q "$1"; fi
}

case $#:${1-} in
  0: | 1:[!-]*) ;;
  *)
    echo "usage: $0 [DIR]" >&2
    exit 2
    ;;
esac

target=${1:-data/cifar-100-binary}
if is_complete "$target"; then
  echo "CIFAR-100 is already in $target"
  exit 0
fi
[ ! -e "$target" ] || fail "$target exists but does not hold CIFAR-100; remove it first or name another folder"

# Beside the target or above it, so that the last step is a rename on one file system.
nearest=$(dirname "$target")
while [ ! -e "$nearest" ]; do nearest=$(dirname "$nearest"); done
work=$(mktemp -d "$nearest/.cifar100.XXXXXX" 2>/dev/null) || fail "cannot write in $nearest"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "fetching $url"
reason=$(fetch "$url" "$work/archive.tar.gz" 2>&1) ||
  fail "cannot fetch $url ($reason); is there a network? Without CIFAR-100 the trainer uses its built-in procedural set"
found=$(md5_of "$work/archive.tar.gz")
[ "$found" = "$md5" ] || fail "$url: expected MD5 $md5, found $found; nothing was unpacked"
tar -xzf "$work/archive.tar.gz" -C "$work" --no-same-owner || fail "$url: the archive cannot be unpacked"
is_complete "$work/cifar-100-binary" || fail "$url: the archive does not hold train.bin and test.bin of CIFAR-100"
mkdir -p "$(dirname "$target")" || fail "cannot make $target"
mv "$work/cifar-100-binary" "$target" || fail "cannot make $target"
echo "CIFAR-100 is in $target"
