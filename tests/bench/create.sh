# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Making one segment.
. "${0%/*}/common.sh"

# Away with them before the table is full.
allow_segments
row "create" "ipcmk -M" 0.90 -n $((rounds * 5)) \
	shmtool create -s 4096 -- ipcmk -M 4096
