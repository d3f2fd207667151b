#!/bin/sh
# calc @VERSION@: adds, subtracts, multiplies and divides whole numbers.
echo $(($1 $2 $3))
