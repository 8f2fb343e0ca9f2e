"""Which path is answered by which view."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.hello),
    path("slow", views.slow),
    path("crash", views.crash),
]
