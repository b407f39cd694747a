# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031

load ../common

test_teardown() {
	# What is in swap has to fit into the group, or be gone.
	ipcrm --all=shm
	[ -z "${swap:-}" ] || swapoff "$swap" || true
	rm -f "${swap:-}"
	[ -z "${group:-}" ] || rmdir "$group" || true
}

# A segment of 48M of which most is in a swap file of our own.
make_swapped() {
	needs_root "a swap file and a memory cgroup are made"
	is_plain || skip "an instrumented program needs more than that itself"
	local folder=/sys/fs/cgroup/memory/shmtool-swap-$$
	mkdir "$folder" 2>/dev/null || skip "no memory cgroup can be made here"
	group=$folder
	make_swap
	head -c 50331648 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	echo $((16 << 20)) >"$group/memory.limit_in_bytes"
	id=$(shmtool create -s 64M)
	bash -c "echo \$\$ >$group/cgroup.procs &&
		exec shmtool write $id <$BATS_TEST_TMPDIR/data"
	[ "$(awk -v id="$id" '$2 == id { print $16 }' /proc/sysvipc/shm)" \
		-gt 0 ] || skip "nothing was swapped out"
	echo $((1 << 30)) >"$group/memory.limit_in_bytes"
}

same_bytes() {
	cmp -n 50331648 - "$BATS_TEST_TMPDIR/data"
}

@test "read: no byte is lost of what is swapped out" {
	make_swapped
	shmtool read "$id" | same_bytes
}

@test "read: nor without a capability" {
	make_swapped
	shmtool set -m 0666 "$id"
	without_privilege shmtool read "$id" | same_bytes
}

@test "stat: what is swapped out is counted" {
	make_swapped
	[ "$(shmtool stat --tsv --no-heading -o RSS,SWAP "$id")" = \
		"$(awk -v id="$id" '$2 == id { print $15 "\t" $16 }' \
			/proc/sysvipc/shm)" ]
	[ "$(shmtool stat -u --tsv --no-heading -o SWAP)" = \
		"$(awk -v id="$id" '$2 == id { print $16 }' /proc/sysvipc/shm)" ]
}

@test "read: where swapped pages do not fit in memory, all or 6, never killed" {
	local as code
	make_swapped
	shmtool set -m 0666 "$id"
	echo $((16 << 20)) >"$group/memory.limit_in_bytes"
	for as in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
		bash -c "echo \$\$ >$group/cgroup.procs &&
			exec $as shmtool read $id" 2>"$BATS_TEST_TMPDIR/err" |
			cat >"$BATS_TEST_TMPDIR/out"
		code=${PIPESTATUS[0]}
		[ "$code" -eq 0 ] || [ "$code" -eq 6 ]
		if [ "$code" -eq 0 ]; then
			same_bytes <"$BATS_TEST_TMPDIR/out"
		else
			grep -q "memory cgroup" "$BATS_TEST_TMPDIR/err"
		fi
	done
}
