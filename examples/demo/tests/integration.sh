#!/bin/sh
# Runs the built programs as a user would.
set -e
bin/version
for sum in "2 + 3" "7 - 4" "6 * 7"; do
  sleep 0.5
  set -f
  echo "calc $sum = $(bin/calc $sum)"
done
test "$(sh bin/calc 2 + 3)" = 5
echo "integration: all well"
