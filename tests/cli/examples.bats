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

# The literal displays of the EXAMPLES of a page: a script VERB.sh of them all,
# the output of the Nth in VERB.N.out; and those that a comment in the page
# marks as what the one before prints, in VERB.N.shown.
examples() {
	: >"$2.sh"
	sed 's/\\e/\\/g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/\\(dq/"/g
		s/\\(ti/~/g; s/\\(ga/`/g; s/\\(ha/^/g; s/\\&//g' "$1" |
		awk -v verb="$2" '
			/^\.Sh/ { inside = $0 == ".Sh EXAMPLES"; next }
			/^\.\\" prints$/ { shown = 1; next }
			/^\.Bd -literal/ && inside {
				file = verb (shown ? "." n ".shown" : ".sh")
				if (!shown)
					print "exec >../" verb "." ++n ".out" \
						>file
				literal = 1
				next
			}
			/^\.Ed/ { literal = shown = 0; next }
			literal { print >file }'
}

@test "examples: those of every page run as they stand, and print what is shown" {
	local bad=0 limit=60 shown
	needs_own_shm
	! is_valgrind || limit=300
	for file in "$tree"/man/*.1; do
		verb=$(basename "$file" .1)
		mkdir "$verb"
		examples "$file" "$verb"
		[ -s "$verb.sh" ] || { echo "no examples: $file"; bad=1; }
		(cd "$verb" && timeout "$limit" sh -e "../$verb.sh" \
			</dev/null 2>"../$verb.err") || {
			echo "$verb: status $?"
			tail -n +1 "$verb".*
			bad=1
		}
		for shown in "$verb".*.shown; do
			[ ! -e "$shown" ] ||
				diff "$shown" "${shown%.shown}.out" || bad=1
		done
		ipcrm --all=shm
	done
	# The tutorial shows what it prints.
	[ -e shmtool.1.shown ] && [ -e shmtool.2.shown ]
	return "$bad"
}
