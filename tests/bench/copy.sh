# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Contents out of a segment and into it, beside cat and files in memory.
. "${0%/*}/common.sh"

# One round moves gigabytes.
rounds=$((rounds < 10 ? rounds : 10))
memory=$(mktemp -d /dev/shm/bench.XXXXXX)
disk=$(mktemp -d /var/tmp/bench.XXXXXX)
trap 'rm -rf "$memory" "$disk"; no_segments' EXIT

id=$(shmtool create -s "$big")
shmtool write -z65 "$id"
shmtool read "$id" >"$memory/f"

# As root, and as somebody who may not use map_files.
plain="setpriv --bounding-set=-all --inh-caps=-all"
shmtool set -m 0666 "$id"
for who in "" "$plain"; do
	as=${who:+, no capability}
	in_memory=1.00 on_disk=0.95
	[ -z "$who" ] || in_memory=1.20 on_disk=1.05
	row "read $big > pipe$as" "cat" 0.95 \
		sh -c "$who shmtool read $id | cat" -- \
		sh -c "cat $memory/f | cat"
	row "read --zero-copy $big > pipe$as" "cat" 0.60 \
		sh -c "$who shmtool read --zero-copy $id | cat" -- \
		sh -c "cat $memory/f | cat"
	row "read $big > file in memory$as" "cat" "$in_memory" \
		-a "rm -f $memory/a" -b "rm -f $memory/a" \
		sh -c "$who shmtool read $id >$memory/a" -- \
		sh -c "cat $memory/f >$memory/a"
	row "read $big > file on disk$as" "cat" "$on_disk" \
		-a "rm -f $disk/a" -b "rm -f $disk/a" \
		sh -c "$who shmtool read $id >$disk/a" -- \
		sh -c "cat $memory/f >$disk/a"
	row "write $big < file$as" "cat" 0.95 \
		-b "rm -f $memory/a" \
		sh -c "$who shmtool write $id <$memory/f" -- \
		sh -c "cat $memory/f >$memory/a"
	rm -f "$memory/a" "$disk/a"
	row "write $big < pipe$as" "cat" 0.90 \
		-b "rm -f $memory/a" \
		sh -c "cat $memory/f | $who shmtool write $id" -- \
		sh -c "cat $memory/f | cat >$memory/a"
	rm -f "$memory/a"
done
shmtool rm "$id"

# One page in a hundred; the peer reads all, and allocates all.
bytes=$(stat -c %s "$memory/f")
cat >"$memory/again" <<'END'
rm -f "$2/a"
ipcrm -M 0x73706172 2>/dev/null
shmtool create -k 0x73706172 -s "$1" >/dev/null
exec perl -e '$id = shmget(0x73706172, 0, 0);
	for ($o = 0; $o < $ARGV[0]; $o += 409600) {
		shmwrite($id, "x", $o, 1) or die;
	}' "$1"
END
again="sh $memory/again $bytes $memory"
# shellcheck disable=SC2016 # perl's
row "read $big, 1 % resident, > file" "perl shmread" 0.03 \
	-a "$again" -b "$again" \
	sh -c "shmtool read -O $memory/a 0x73706172" -- \
	perl -e 'my $id = shmget(0x73706172, 0, 0); my $b;
		open my $f, ">", "$ARGV[0]/a" or die;
		for (my $o = 0; $o < $ARGV[1]; $o += 1 << 20) {
			shmread($id, $b, $o, 1 << 20) or die;
			print $f $b or die;
		}' "$memory" "$bytes"
