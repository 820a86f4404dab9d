-- Nonces of signed requests, for longer than a signature holds. In real time, not in that of business.
create table used_nonce (
    key_id text not null,
    nonce text not null,
    used_at timestamptz not null default now(),
    primary key (key_id, nonce)
);
create index used_nonce_used_at on used_nonce (used_at);

alter table used_nonce enable row level security;
alter table used_nonce force row level security;
create policy scope on used_nonce using ((select caller_scope()) = 'service');

-- A locking read wants the right to update; nothing else needs it.
grant select, insert, delete, update (used_at) on used_nonce to {app};
