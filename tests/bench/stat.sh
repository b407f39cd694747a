# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The list of segments, and who has them attached.
. "${0%/*}/common.sh"

make_segments 4096
row "stat, 4096 segments" "lsipc -m" 0.30 shmtool stat -- lsipc -m
row "stat --json, 4096 segments" "lsipc -m -J" 0.30 \
	shmtool stat --json -- lsipc -m -J
no_segments

# Processes that each have one segment attached, and nothing else.
id=$(shmtool create -s 4096)
perl -MIPC::SysV=shmat -e '
	shmat($ARGV[0], undef, 0) // die $!;
	for (2 .. $ARGV[1]) {
		my $child = fork // die $!;
		if (!$child) { sleep 600; exit }
	}
	print "ready\n";
	close STDOUT;
	$SIG{TERM} = sub { $SIG{TERM} = "IGNORE"; kill TERM => -$$; exit };
	setpgrp;
	sleep 600' "$id" 2000 >/dev/null &
