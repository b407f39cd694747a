# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Removing many segments by a filter: against what people write by hand, and
# against removing everything without looking.
. "${0%/*}/common.sh"

allow_segments

# The hand-made one takes seconds a round.
# shellcheck disable=SC2016 # for another shell
by_hand='ipcs -m | awk "/^0x/ && \$6 == 0 { print \$2 }" | xargs -n1 ipcrm -m'
make="$(declare -f make_segments); make_segments"
row "rm, 4096 by filter" "ipcs|awk|xargs -n1 ipcrm" 0.01 -n 3 \
	-a "$make 4096" -b "$make 4096" \
	shmtool rm --unattached --yes -- bash -c "$by_hand"
row "rm, 32768 by filter" "ipcrm --all=shm" 1.3 \
	-a "$make 32768" -b "$make 32768" \
	shmtool rm --unattached --yes -- ipcrm --all=shm
row "rm, 32768 stale" "ipcrm --all=shm" - \
	-a "$make 32768" -b "$make 32768" \
	shmtool rm --stale --idle 0 --yes -- ipcrm --all=shm
