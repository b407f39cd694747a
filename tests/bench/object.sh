# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# POSIX objects: their list, who has one open, their removal and contents.
. "${0%/*}/common.sh"

objects=/dev/shm
# shellcheck disable=SC2016 # of another shell, and of perl
make='perl -e "for (1 .. \$ARGV[0]) {
	open my \$f, q(>), qq(/dev/shm/psm_\$_) or die;
	print \$f q(x);
}"'
remove='find /dev/shm -name "psm_*" -delete'

# WORK REACH PEER OURS...: a row, where there is such a peer.  What a peer says
# about processes that it may not look into does not matter.
row_beside() {
	local work=$1 reach=$2 peer=$3
	shift 3
	if command -v "${peer%% *}" >/dev/null; then
		row "$work" "$peer" "$reach" "$@" -- \
			sh -c "$peer 2>/dev/null || :"
	else
		no_row "$work" "$peer" "$reach" "no ${peer%% *}"
	fi
}

work="stat --kind posix, 4096 objects"
bash -c "$make 4096"
row_beside "$work" - "ls -ls $objects" shmtool stat --kind posix
row_beside "$work" 0.05 "lsof -w +D $objects" shmtool stat --kind posix
bash -c "$remove"

processes=2000
[ -z "${BENCH_QUICK:-}" ] || processes=500
work="stat -P /NAME, $processes holders"
echo x >"$objects/held"
exec 9<"$objects/held"
crowd "$processes"
exec 9<&-
row_beside "$work" 0.05 "lsof -w $objects/held" shmtool stat -P /held
row_beside "$work" - "fuser -s $objects/held" shmtool stat -P /held
crowd_gone
rm "$objects/held"

# The hand-made one starts a program for each.
# shellcheck disable=SC2016 # for another shell
by_hand='for f in /dev/shm/psm_*; do
	fuser -s $f 2>/dev/null || rm $f
done'
work="rm, 512 unused objects by filter"
if command -v fuser >/dev/null; then
	row "$work" "fuser -s || rm" 0.01 -n 3 \
		-a "$make 512" -b "$make 512" \
		shmtool rm --kind posix --unattached --idle 0 --yes -- \
		bash -c "$by_hand"
else
	no_row "$work" "fuser -s || rm" 0.01 "no fuser"
fi
row "rm, 4096 unused objects by filter" "rm -r" - \
	-a "$make 4096" -b "$make 4096" \
	shmtool rm --kind posix --unattached --idle 0 --yes -- \
	bash -c "$remove"

# One round moves gigabytes.
rounds=$((rounds < 10 ? rounds : 10))
shmtool create -s "$big" /filled >"$objects/out"
shmtool write -z65 /filled
row "read $big object > pipe" "cat" 0.60 \
	sh -c "shmtool read /filled | cat" -- \
	sh -c "cat $objects/filled | cat"
row "read $big object > file in memory" "cat" 1.00 \
	-a "rm -f $objects/a" -b "rm -f $objects/a" \
	sh -c "shmtool read /filled >$objects/a" -- \
	sh -c "cat $objects/filled >$objects/a"
cat "$objects/filled" >"$objects/f"
row "write $big object < file" "cat" 1.00 -b "rm -f $objects/a" \
	sh -c "shmtool write /filled <$objects/f" -- \
	sh -c "cat $objects/f >$objects/a"
rm -f "$objects/a"
row "write $big object < pipe" "cat" 1.00 -b "rm -f $objects/a" \
	sh -c "cat $objects/f | shmtool write /filled" -- \
	sh -c "cat $objects/f | cat >$objects/a"
rm -f "$objects/a" "$objects/f" "$objects/filled" "$objects/out"
