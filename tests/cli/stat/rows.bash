# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of stat share.

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# A segment with this key, for what ipcmk cannot do.
make_key() {
	id=$(perl -e 'print shmget(hex shift, shift, 0600 | 01000) // die $!' \
		"$1" "${2:-4096}")
}

# cell ID COLUMN[,COLUMN]: values with tabs between.
cell() {
	shmtool stat --tsv --no-heading -o "$2" "id:$1"
}

# Runs a script where the first segment has id 0 and the next ones follow.
anew() {
	unshare --ipc bash -euc "make() {
		perl -e 'shmget(0, shift, 0600 | 01000) // die \$!' \"\$1\"
	}
	hold() {
		perl -MIPC::SysV=shmat -e 'shmat(shift, undef, 0) // die \$!;
			open my \$f, \">\", shift; sleep 60' \"\$1\" \
			$BATS_TEST_TMPDIR/held 3>&- >&2 &
		until test -e $BATS_TEST_TMPDIR/held; do sleep 0.05; done
		trap \"kill \$!\" EXIT
	}
	ids() { shmtool stat --tsv --no-heading -o ID \"\$@\" | xargs; }
	$1"
}

# The first line of the last run's output, its words with one blank between.
heading() {
	# shellcheck disable=SC2086 # words
	set -- ${lines[0]}
	echo "$*"
}
