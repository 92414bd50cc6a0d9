"""The order as a warehouse reads it: one ORD record and its LIN records, UTF-8, semicolons, two decimals for money."""

from bots.botsconfig import *

syntax = {
    "charset": "utf-8",
    "field_sep": ";",
    "quote_char": '"',
    "escape": '"',
    # Quotes only where a value needs them.
    "forcequote": 0,
    "record_sep": "\n",
    # One file an order: its number is part of the file's name.
    "merge": False,
}

structure = [{ID: "ORD", MIN: 1, MAX: 1, LEVEL: [{ID: "LIN", MIN: 1, MAX: 200000}]}]

recorddefs = {
    "ORD": [
        ["BOTSID", "M", 3, "A"],
        ["number", "M", 35, "AN"],
        ["date", "M", 10, "AN"],
        ["delivery", "C", 10, "AN"],
        ["buyer", "M", 17, "AN"],
        ["buyer_name", "C", 35, "AN"],
        ["supplier", "M", 17, "AN"],
        ["currency", "C", 3, "AN"],
        ["note", "C", 70, "AN"],
        ["lines", "M", 6, "N"],
        ["total", "M", 18.2, "N"],
    ],
    "LIN": [
        ["BOTSID", "M", 3, "A"],
        ["line", "M", 6, "N"],
        ["article", "M", 35, "AN"],
        ["description", "C", 35, "AN"],
        ["quantity", "M", 15.3, "R"],
        ["unit", "C", 3, "AN"],
        ["price", "M", 15.2, "N"],
        ["amount", "M", 18.2, "N"],
    ],
}
