"""The join of ``boundaries plan`` in DuckDB, over the same files; sites are not worked out."""

import sys

import duckdb

TABLES = """
create macro number(text) as split_part(text, '.', 1)::bigint * 16777216 + split_part(text, '.', 2)::bigint * 65536
    + split_part(text, '.', 3)::bigint * 256 + split_part(text, '.', 4)::bigint;
create table b as select BoundaryID as id, GroupID as g, BoundaryType as kind, Value as value
    from read_csv('boundaries.csv', all_varchar=true) one
    join read_csv('boundarygroupmembers.csv', all_varchar=true) other using (BoundaryID);
create table r as select id, g, number(split_part(value, '-', 1)) as low, number(split_part(value, '-', 2)) as high
    from b where kind = '3';
create table s as select id, g, number(value) as net from b where kind = '0';
create table a as select id, g, lower(value) as site from b where kind = '1';
create table m as select row_number() over () as n, name, lower(ad_site) as site,
    number(split_part(addresses, '/', 1)) as ip, split_part(addresses, '/', 2)::int as length
    from read_csv('machines.csv', all_varchar=true);
"""
PLAIN = "select m.n, r.id, r.g from m join r on m.ip between r.low and r.high"
PARTS = """
select m.n, r.id, r.g
from m join (select *, unnest(range(low >> 12, (high >> 12) + 1)) as part from r) r
    on m.ip >> 12 = r.part and m.ip between r.low and r.high
"""
HITS = """
create table hit as
    {join}
    union all select m.n, s.id, s.g from m join s on s.net = (m.ip >> (32 - m.length)) << (32 - m.length)
    union all select m.n, a.id, a.g from m join a using (site);
create table found as
    select n, string_agg(id, ';') as boundaries, string_agg(distinct g, ';') as groups from hit group by n;
"""
GROUPS = """
copy (select name, boundaries, groups from m left join found using (n) order by n) to 'duckdb.csv' (header)
"""
# The servers of the group at once and those of its neighbours later, each host at the first of its minutes.
SERVERS = """
create table has as
    select GroupID as g, ServerNALPath[3:] as host, role
    from read_csv('boundarygroupsitesystems.csv', all_varchar=true, quote='"', escape='"') one
    join (select NetworkOSPath as path, case RoleName when 'SMS Distribution Point' then 'dp'
              when 'SMS Management Point' then 'mp' else 'sup' end as role
          from read_csv('sysresuse.csv', all_varchar=true) other) on path = ServerNALPath;
create table pool as
    select g, role, host, 0 as minute from has
    union all
    select SourceGroupID, role, host,
        case role when 'dp' then FallbackDP::int when 'sup' then FallbackSUP::int else 0 end
    from read_csv('boundarygrouprelationships.csv', all_varchar=true) join has on DestinationGroupID = g;
copy (
    with joined as (
        select n, role, host, min(minute) as minute from (select distinct n, g from hit) join pool using (g)
        group by n, role, host),
    roles as (
        select n, role, string_agg(host, ';' order by host) filter (minute = 0) as now,
            role || ' ' || string_agg(minute || ':' || host, ' ' order by minute, host) as line
        from joined group by n, role),
    servers as (
        select n, max(now) filter (role = 'mp') as mp, max(now) filter (role = 'dp') as dp,
            max(now) filter (role = 'sup') as sup, string_agg(line, ';') as timeline
        from roles group by n)
    select name, boundaries, groups, mp, dp, sup, timeline from m left join found using (n) left join servers using (n)
    order by n
) to 'duckdb.csv' (header)
"""

connection = duckdb.connect()
connection.execute(TABLES)
connection.execute(HITS.format(join=PLAIN if "plain" in sys.argv else PARTS))
connection.execute(SERVERS if "servers" in sys.argv else GROUPS)
