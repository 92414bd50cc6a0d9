"""The EDIFACT envelope: interchange header and trailer around any number of messages."""

from bots.botsconfig import *

# Where an interchange is cut into messages.
nextmessage = ({"BOTSID": "UNB"}, {"BOTSID": "UNH"})

structure = [
    {
        ID: "UNB",
        MIN: 1,
        MAX: 99999,
        QUERIES: {
            "frompartner": {"BOTSID": "UNB", "S002.0004": None},
            "topartner": {"BOTSID": "UNB", "S003.0010": None},
            "reference": {"BOTSID": "UNB", "0020": None},
            "testindicator": {"BOTSID": "UNB", "0035": None},
        },
        LEVEL: [
            {
                ID: "UNH",
                MIN: 1,
                MAX: 99999,
                # ORDERS, D, 96A and UN name the message grammar ORDERSD96AUN.
                SUBTRANSLATION: [
                    {"BOTSID": "UNH", "S009.0065": None},
                    {"BOTSID": "UNH", "S009.0052": None},
                    {"BOTSID": "UNH", "S009.0054": None},
                    {"BOTSID": "UNH", "S009.0051": None},
                ],
            },
            {ID: "UNZ", MIN: 1, MAX: 1},
        ],
    },
]

recorddefs = {
    "UNB": [
        ["BOTSID", "M", 3, "A"],
        ["S001", "M", [["S001.0001", "M", 4, "A"], ["S001.0002", "M", 1, "AN"]]],
        ["S002", "M", [["S002.0004", "M", 35, "AN"], ["S002.0007", "C", 4, "AN"], ["S002.0008", "C", 14, "AN"]]],
        ["S003", "M", [["S003.0010", "M", 35, "AN"], ["S003.0007", "C", 4, "AN"], ["S003.0014", "C", 14, "AN"]]],
        ["S004", "M", [["S004.0017", "M", 6, "AN"], ["S004.0019", "M", 4, "AN"]]],
        ["0020", "M", 14, "AN"],
        ["S005", "C", [["S005.0022", "M", 14, "AN"], ["S005.0025", "C", 2, "AN"]]],
        ["0026", "C", 14, "AN"],
        ["0029", "C", 1, "A"],
        ["0031", "C", 1, "N"],
        ["0032", "C", 35, "AN"],
        ["0035", "C", 1, "N"],
    ],
    "UNH": [
        ["BOTSID", "M", 3, "A"],
        ["0062", "M", 14, "AN"],
        [
            "S009",
            "M",
            [
                ["S009.0065", "M", 6, "AN"],
                ["S009.0052", "M", 3, "AN"],
                ["S009.0054", "M", 3, "AN"],
                ["S009.0051", "M", 2, "AN"],
                ["S009.0057", "C", 6, "AN"],
            ],
        ],
    ],
    "UNZ": [["BOTSID", "M", 3, "A"], ["0036", "M", 6, "N"], ["0020", "M", 14, "AN"]],
}
