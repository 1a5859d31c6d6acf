#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: there-and-back.sh <repository>: leave it right after a git switch
cd "$1" && git switch -q v1 && exec git switch -q v2
