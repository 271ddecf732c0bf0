"""Users, memberships, roles, teams, one-time links and keys."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogue.kit.actors import Actor
from dialogue.kit.rows import StampedRow, TenantManager, TenantRow
from dialogue.platform.accounts.permissions import CompanyPermission


class UserManager(BaseUserManager["User"]):
    """Finds and makes users by their e-mail address in lower case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with this e-mail address, whatever its case."""
        return self.get(email=(username or "").lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a user; without a password he signs in by a one-time link."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class Theme(models.TextChoices):
    """How the office looks."""

    SYSTEM = "", _("as the device")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class User(AbstractBaseUser):
    """One person of the installation; what he may do depends on his membership in each company."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    theme = models.CharField(_("theme"), max_length=5, blank=True, choices=Theme)
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(_("operator of the installation"), default=False)
    created_at = models.DateTimeField(default=timezone.now)
    last_company = models.BigIntegerField(null=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        """Two letters for the round badge."""
        words = (self.name or self.email.split("@")[0]).replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


class Team(StampedRow):
    """People whose records count as each other's under "team" reach."""

    name = models.CharField(_("name"), max_length=80)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "name"], name="team_name_once")]

    def __str__(self) -> str:
        return self.name


class Role(StampedRow):
    """A named set of permissions; `reach` says per kind of record how far it sees: own, team or all."""

    code = models.CharField(max_length=30, blank=True)
    name = models.CharField(_("name"), max_length=80)
    permissions = ArrayField(models.CharField(max_length=60), default=list)
    reach = models.JSONField(default=dict)
    everything = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "name"], name="role_name_once")]

    def __str__(self) -> str:
        return self.name


class Membership(StampedRow):
    """A person's place in a company. A directory row: sign-in looks up one's own across companies."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    roles = models.ManyToManyField(Role, through="MembershipRole", related_name="memberships")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False)
    title = models.CharField(_("position"), max_length=120, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "user"], name="membership_once")]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "team"], name="membership_team")]

    def __str__(self) -> str:
        return str(self.user)


class MembershipRole(TenantRow):
    """A role held by a member."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, db_constraint=False, db_index=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "membership", "role"], name="membership_role_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "role"], name="membership_role_role")]


class SignInLink(models.Model):
    """A one-time link: only the hash of its secret is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link of {self.user}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Reads of keys."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the member's own keys, or all of them for who may manage keys."""
        return self.all() if actor.can(CompanyPermission.KEYS) else self.filter(user_id=actor.user)


ApiKeyManager = TenantManager.from_queryset(ApiKeyQuerySet)


class ApiKey(StampedRow):
    """A key of one member for the API: shown once, kept as a hash. A directory row: the key itself names its company."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    tail = models.CharField(max_length=6)
    scopes = ArrayField(models.CharField(max_length=60), default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ApiKeyManager[Self]] = ApiKeyManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-id"], name="api_key_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        """Whether the key may be used now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class AnsweredRequest(TenantRow):
    """The answer to a POST that carried an Idempotency-Key, kept for a day; written in the change's own transaction."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    name = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "api_key", "name"], name="answered_once")]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "created_at"], name="answered_oldest")]

    def __str__(self) -> str:
        return self.name
