"""The context processor that config/settings.py names."""


def set_context(_request):
    return {}
