"""Settings that the environment can't change: the middleware, passwords, the Content-Security-Policy, the API's framework."""

from csp.constants import NONE, SELF

MIDDLEWARE = [
    "chatproject.serving.measuring.measured",
    "chatproject.request_log.RequestLog",
    "chat.middleware.no_store.no_store",
    "chat.api.paths.one_path",
    "chatproject.serving.assets.SecuredFiles",
    "django.middleware.security.SecurityMiddleware",
    "chat.middleware.content_policy.content_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "chatproject.serving.hosts.HostIsOurs",
    "django.middleware.csrf.CsrfViewMiddleware",
    "chat.middleware.session_keys.SessionsOutliveTheKey",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "chat.middleware.caller.OriginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "chat.middleware.requests.RequestsAreCounted",
]

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    # Forbids nothing: it learns of every change of a password, at any door, and ends the logins of the old one.
    {"NAME": "chat.services.credentials.LoginsEndWithThePassword"},
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "chat.api.authentication.BearerAuthentication",
        "chat.api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "chat.api.scopes.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["chat.middleware.requests.CountedByTheApi"],
    "DEFAULT_RENDERER_CLASSES": ["chat.api.rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["chat.api.rendering.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "chat.api.rendering.Negotiation",
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "chat.api.problems.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
