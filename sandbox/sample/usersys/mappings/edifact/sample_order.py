"""ORDERS D.96A to the warehouse's CSV order."""

from decimal import Decimal


def main(inn, out):
    number = inn.get({"BOTSID": "UNH"}, {"BOTSID": "BGM", "1004": None})
    out.ta_info["botskey"] = number
    order = out.putloop({"BOTSID": "ORD"})
    amounts = [put_line(line, order) for line in inn.getloop({"BOTSID": "UNH"}, {"BOTSID": "LIN"})]
    put_fields(
        order,
        "ORD",
        number=number,
        date=date(inn, "137"),
        delivery=date(inn, "2"),
        buyer=inn.get({"BOTSID": "UNH"}, {"BOTSID": "NAD", "3035": "BY", "C082.3039": None}),
        buyer_name=inn.get({"BOTSID": "UNH"}, {"BOTSID": "NAD", "3035": "BY", "C080.3036": None}),
        supplier=inn.get({"BOTSID": "UNH"}, {"BOTSID": "NAD", "3035": "SU", "C082.3039": None}),
        currency=inn.get({"BOTSID": "UNH"}, {"BOTSID": "CUX", "C504.6347": "2", "C504.6345": None}),
        note=inn.get({"BOTSID": "UNH"}, {"BOTSID": "FTX", "4451": "DEL", "C108.4440": None}),
        lines=len(amounts),
        total=sum(amounts),
    )


def put_line(line, order):
    """Adds the order line to the order; returns its amount."""
    quantity = line.get({"BOTSID": "LIN"}, {"BOTSID": "QTY", "C186.6063": "21", "C186.6060": None})
    price = line.get({"BOTSID": "LIN"}, {"BOTSID": "PRI", "C509.5125": "AAA", "C509.5118": None})
    amount = Decimal(quantity) * Decimal(price)
    put_fields(
        order.putloop({"BOTSID": "ORD"}, {"BOTSID": "LIN"}),
        "LIN",
        line=line.get({"BOTSID": "LIN", "1082": None}),
        article=line.get({"BOTSID": "LIN", "C212.7140": None}),
        description=line.get({"BOTSID": "LIN"}, {"BOTSID": "IMD", "C273.7008": None}),
        quantity=quantity,
        unit=line.get({"BOTSID": "LIN"}, {"BOTSID": "QTY", "C186.6063": "21", "C186.6411": None}),
        price=price,
        amount=amount,
    )
    return amount


def put_fields(record, tag, **fields):
    """Puts each field by itself: Bots drops a put as a whole where one of its values is None."""
    for name, value in fields.items():
        record.put({"BOTSID": tag, name: value})


def date(message, qualifier):
    """Returns the message's date of this kind as YYYY-MM-DD, or None."""
    value = message.get(
        {"BOTSID": "UNH"}, {"BOTSID": "DTM", "C507.2005": qualifier, "C507.2379": "102", "C507.2380": None}
    )
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if value else None
