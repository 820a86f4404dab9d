"""The log, its tree, its signed heads, and clues."""

from alembic import op

from shared.migrations import platform_0001, run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = """
-- Every event, as the exact bytes that stood on its topic: these bytes are the leaf.
create table log_entry (
    leaf_index bigint not null,
    event_id uuid not null,
    type text not null,
    topic text not null,
    key text not null,
    occurred_at timestamptz not null,
    logged_at timestamptz not null,
    body bytea not null,
    constraint log_entry_pkey primary key (leaf_index),
    constraint log_entry_event_id unique (event_id),
    constraint log_entry_leaf_index check (leaf_index >= 0)
);
create index log_entry_key_type on log_entry (key, type);

-- The roots of perfect subtrees: each is written once, when its last leaf comes, and is the same for ever.
create table log_node (
    level smallint not null,
    number bigint not null,
    hash bytea not null,
    constraint log_node_pkey primary key (level, number),
    constraint log_node_hash check (length(hash) = 32)
);

create table checkpoint (
    checkpoint_id uuid not null,
    tree_size bigint not null,
    root_hash bytea not null,
    note text not null,
    signed_at timestamptz not null,
    requested_by text,
    constraint checkpoint_pkey primary key (checkpoint_id),
    constraint checkpoint_not_empty check (tree_size > 0)
);
create index checkpoint_signed_on on checkpoint (((signed_at at time zone 'Asia/Shanghai')::date));
create index checkpoint_tree_size on checkpoint (tree_size, checkpoint_id);

create table clue (
    clue_id uuid not null,
    kind text not null,
    event_id uuid not null,
    key text not null,
    street text,
    department text,
    raised_at timestamptz not null,
    constraint clue_pkey primary key (clue_id),
    constraint clue_event_id_kind unique (event_id, kind),
    constraint clue_event_id foreign key (event_id) references log_entry (event_id)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append only: % is refused', tg_table_name, lower(tg_op)
        using errcode = 'insufficient_privilege';
end
$$;
create trigger log_entry_append_only before update or delete or truncate on log_entry
    for each statement execute function refuse_change();
create trigger log_node_append_only before update or delete or truncate on log_node
    for each statement execute function refuse_change();
create trigger checkpoint_append_only before update or delete or truncate on checkpoint
    for each statement execute function refuse_change();
create trigger clue_append_only before update or delete or truncate on clue
    for each statement execute function refuse_change();

grant select, insert on log_entry, log_node, checkpoint, clue to {app};

-- Entries and clues are for those who look at the whole district; hashes and signed heads tell nothing of anybody.
alter table log_entry enable row level security;
create policy log_entry_read on log_entry for select
    using ((select sees_all()));
create policy log_entry_append on log_entry for insert
    with check ((select caller_scope()) = 'service');
alter table log_node enable row level security;
create policy log_node_read on log_node for select using (true);
create policy log_node_append on log_node for insert with check ((select caller_scope()) = 'service');
alter table checkpoint enable row level security;
create policy checkpoint_read on checkpoint for select using (true);
create policy checkpoint_append on checkpoint for insert with check ((select caller_scope()) = 'service');
alter table clue enable row level security;
create policy clue_read on clue for select
    using ((select sees_all()));
create policy clue_append on clue for insert
    with check ((select caller_scope()) = 'service');

-- Due at once in any deployment; from then on the job sets its own next day.
insert into deadline (kind, subject, due_at) values ('sign_daily_checkpoint', 'log', 'epoch');
"""


def upgrade() -> None:
    """Make the tables, their rights and the first deadline."""
    platform_0001(op)
    run_sql(op, SCHEMA)
