"""Every path answers with one page, as the catch-all route of Bots does."""

from django.http import HttpResponse
from django.urls import re_path


def page(request):
    return HttpResponse(f"a page on {request.get_host()}")


urlpatterns = [re_path("", page)]
