#!/bin/sh
echo "calc @VERSION@"
