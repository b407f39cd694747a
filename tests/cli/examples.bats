# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The examples of the pages run as they stand: the literal displays of a
# page's EXAMPLES one after the other, in one shell, in an empty folder.

load common

setup() {
	tree=$BATS_TEST_DIRNAME/../..
	cd "$BATS_TEST_TMPDIR" || return 1
}

# The literal displays of the EXAMPLES of a page, one script.
examples() {
	awk '
		/^\.Sh/ { inside = $0 == ".Sh EXAMPLES"; next }
		/^\.Bd -literal/ { literal = inside; next }
		/^\.Ed/ { literal = 0; next }
		literal' "$1" |
		sed 's/\\e/\\/g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/\\(dq/"/g
			s/\\(ti/~/g; s/\\(ga/`/g; s/\\(ha/^/g; s/\\&//g'
}

@test "examples: those of every page run as they stand" {
	local bad=0 limit=60
	! is_valgrind || limit=300
	for file in "$tree"/man/*.1; do
		verb=$(basename "$file" .1)
		mkdir "$verb"
		examples "$file" >"$verb.sh"
		[ -s "$verb.sh" ] || { echo "no examples: $file"; bad=1; }
		(cd "$verb" && timeout "$limit" sh -e "../$verb.sh" \
			</dev/null >"../$verb.out" 2>&1) || {
			echo "$verb: status $?"
			cat "$verb.out"
			bad=1
		}
		ipcrm --all=shm
	done
	return "$bad"
}
