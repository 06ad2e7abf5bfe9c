"""The table of rights a second time, by the kind of channel: each act, and the answer to each kind of user.

The columns: owner, moderator, member, muted, stranger, staff, banned.
"""

#: `ok`, or the code of the refusal, in the order of the columns.
CELLS = {
    "private": """
        post        ok  ok         ok         muted      not_found  not_found  forbidden
        react       ok  ok         ok         muted      not_found  not_found  forbidden
        pin         ok  ok         ok         muted      not_found  not_found  forbidden
        edit_own    ok  ok         ok         muted      not_found  not_found  forbidden
        delete_own  ok  ok         ok         ok         not_found  ok         forbidden
        delete_any  ok  ok         forbidden  forbidden  not_found  ok         forbidden
        rename      ok  ok         forbidden  forbidden  not_found  ok         forbidden
        add         ok  ok         forbidden  forbidden  not_found  not_found  forbidden
        remove      ok  ok         forbidden  forbidden  not_found  ok         forbidden
        mute        ok  ok         forbidden  forbidden  not_found  ok         forbidden
        promote     ok  forbidden  forbidden  forbidden  not_found  ok         forbidden
        archive     ok  forbidden  forbidden  forbidden  not_found  ok         forbidden
        close_reports ok ok        not_found  not_found  not_found  ok         not_found
        leave       ok  ok         ok         ok         not_found  not_found  forbidden
    """,
    "public": """
        post        ok  ok         ok         muted      not_a_member  not_a_member  forbidden
        react       ok  ok         ok         muted      not_a_member  not_a_member  forbidden
        pin         ok  ok         ok         muted      not_a_member  not_a_member  forbidden
        edit_own    ok  ok         ok         muted      not_a_member  not_a_member  forbidden
        delete_own  ok  ok         ok         ok         not_a_member  ok            forbidden
        delete_any  ok  ok         forbidden  forbidden  not_a_member  ok            forbidden
        rename      ok  ok         forbidden  forbidden  not_a_member  ok            forbidden
        add         ok  ok         ok         ok         not_a_member  not_a_member  forbidden
        remove      ok  ok         forbidden  forbidden  not_a_member  ok            forbidden
        mute        ok  ok         forbidden  forbidden  not_a_member  ok            forbidden
        promote     ok  forbidden  forbidden  forbidden  not_a_member  ok            forbidden
        archive     ok  forbidden  forbidden  forbidden  not_a_member  ok            forbidden
        close_reports ok ok        not_found  not_found  not_found     ok            not_found
        leave       ok  ok         ok         ok         ok            ok            forbidden
    """,
    "archived": """
        post        archived  archived   archived   archived   not_found  not_found  forbidden
        react       archived  archived   archived   archived   not_found  not_found  forbidden
        pin         archived  archived   archived   archived   not_found  not_found  forbidden
        edit_own    archived  archived   archived   archived   not_found  not_found  forbidden
        delete_own  ok        ok         archived   archived   not_found  ok         forbidden
        delete_any  ok        ok         forbidden  forbidden  not_found  ok         forbidden
        rename      archived  archived   forbidden  forbidden  not_found  archived   forbidden
        add         archived  archived   forbidden  forbidden  not_found  not_found  forbidden
        remove      ok        ok         forbidden  forbidden  not_found  ok         forbidden
        mute        archived  archived   forbidden  forbidden  not_found  archived   forbidden
        promote     ok        forbidden  forbidden  forbidden  not_found  ok         forbidden
        archive     ok        forbidden  forbidden  forbidden  not_found  ok         forbidden
        close_reports ok      ok         not_found  not_found  not_found  ok         not_found
        leave       ok        ok         ok         ok         not_found  not_found  forbidden
    """,
    # Nobody owns a direct conversation.
    "direct": """
        post        -  -  ok         -          not_found  not_found  not_found
        react       -  -  ok         -          not_found  not_found  forbidden
        pin         -  -  ok         -          not_found  not_found  forbidden
        edit_own    -  -  ok         -          not_found  not_found  forbidden
        delete_own  -  -  ok         -          not_found  ok         not_found
        delete_any  -  -  forbidden  -          not_found  ok         not_found
        rename      -  -  forbidden  -          not_found  forbidden  forbidden
        add         -  -  forbidden  -          not_found  not_found  forbidden
        remove      -  -  forbidden  -          not_found  forbidden  forbidden
        mute        -  -  forbidden  -          not_found  ok         forbidden
        promote     -  -  forbidden  -          not_found  forbidden  forbidden
        archive     -  -  forbidden  -          not_found  forbidden  forbidden
        close_reports - - not_found  -          not_found  ok         not_found
        leave       -  -  forbidden  -          not_found  not_found  forbidden
    """,
    # One of three or more can be left, and somebody can be taken out of it.
    "group": """
        post        -  -  ok         muted      not_found  not_found  forbidden
        react       -  -  ok         muted      not_found  not_found  forbidden
        pin         -  -  ok         muted      not_found  not_found  forbidden
        edit_own    -  -  ok         muted      not_found  not_found  forbidden
        delete_own  -  -  ok         ok         not_found  ok         forbidden
        delete_any  -  -  forbidden  forbidden  not_found  ok         forbidden
        rename      -  -  ok         ok         not_found  ok         forbidden
        add         -  -  forbidden  forbidden  not_found  not_found  forbidden
        remove      -  -  forbidden  forbidden  not_found  ok         forbidden
        mute        -  -  forbidden  forbidden  not_found  ok         forbidden
        promote     -  -  forbidden  forbidden  not_found  forbidden  forbidden
        archive     -  -  forbidden  forbidden  not_found  forbidden  forbidden
        close_reports - - not_found  not_found  not_found  ok         not_found
        leave       -  -  ok         ok         not_found  not_found  forbidden
    """,
    # A conversation with the support: who is in it follows from the desk's verbs, whatever role anybody has.
    "support": """
        post        ok  ok         ok         muted      not_found  not_found  forbidden
        react       ok  ok         ok         muted      not_found  not_found  forbidden
        pin         ok  ok         ok         muted      not_found  not_found  forbidden
        edit_own    ok  ok         ok         muted      not_found  not_found  forbidden
        delete_own  ok  ok         ok         ok         not_found  ok         forbidden
        delete_any  ok  ok         forbidden  forbidden  not_found  ok         forbidden
        rename      forbidden forbidden forbidden forbidden not_found forbidden forbidden
        add         forbidden forbidden forbidden forbidden not_found not_found forbidden
        remove      forbidden forbidden forbidden forbidden not_found forbidden forbidden
        mute        ok  ok         forbidden  forbidden  not_found  ok         forbidden
        promote     forbidden forbidden forbidden forbidden not_found forbidden forbidden
        archive     forbidden forbidden forbidden forbidden not_found forbidden forbidden
        close_reports ok ok        not_found  not_found  not_found  ok         not_found
        leave       forbidden forbidden forbidden forbidden not_found not_found forbidden
    """,
    # Nobody says anything in the log of a desk.
    "desk": """
        post        forbidden forbidden forbidden forbidden not_found not_found forbidden
        react       - - - - - - -
        pin         - - - - - - -
        edit_own    - - - - - - -
        delete_own  - - - - - - -
        delete_any  - - - - - - -
        rename      forbidden forbidden forbidden forbidden not_found forbidden forbidden
        add         forbidden forbidden forbidden forbidden not_found not_found forbidden
        remove      forbidden forbidden forbidden forbidden not_found forbidden forbidden
        mute        forbidden forbidden forbidden forbidden not_found forbidden forbidden
        promote     forbidden forbidden forbidden forbidden not_found forbidden forbidden
        archive     forbidden forbidden forbidden forbidden not_found forbidden forbidden
        close_reports - - - - - - -
        leave       forbidden forbidden forbidden forbidden not_found not_found forbidden
    """,
}
