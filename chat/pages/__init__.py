"""The pages' door: server-rendered pages with forms that work without JavaScript, and the links for invitations and passwords."""
