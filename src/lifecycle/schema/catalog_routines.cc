// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/catalog_queries.h"

namespace caisson::schema {

std::string_view routine_objects() {
    return R"sql(
select case p.prokind when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end,
       s.name || '.' || quote_ident(p.proname) || '('
       || case when p.prokind = 'a' and pg_get_function_identity_arguments(p.oid) = '' then '*'
               else pg_get_function_identity_arguments(p.oid) end || ')',
       case when p.prokind <> 'a' then rtrim(pg_get_functiondef(p.oid), E'\n')
       else (select concat_ws(', ', 'sfunc = ' || g.aggtransfn::regproc,
                  'stype = ' || format_type(g.aggtranstype, null),
                  'sspace = ' || nullif(g.aggtransspace, 0),
                  'finalfunc = ' || nullif(g.aggfinalfn, 0)::regproc,
                  case when g.aggfinalextra then 'finalfunc_extra' end,
                  case when g.aggfinalfn <> 0 and g.aggfinalmodify
                            <> case g.aggkind when 'n' then 'r' else 'w' end
                       then 'finalfunc_modify = ' || case g.aggfinalmodify when 'r' then 'read_only'
                            when 's' then 'shareable' else 'read_write' end end,
                  'combinefunc = ' || nullif(g.aggcombinefn, 0)::regproc,
                  'serialfunc = ' || nullif(g.aggserialfn, 0)::regproc,
                  'deserialfunc = ' || nullif(g.aggdeserialfn, 0)::regproc,
                  'initcond = ' || quote_literal(g.agginitval),
                  'msfunc = ' || nullif(g.aggmtransfn, 0)::regproc,
                  'minvfunc = ' || nullif(g.aggminvtransfn, 0)::regproc,
                  'mstype = ' || format_type(nullif(g.aggmtranstype, 0), null),
                  'msspace = ' || nullif(g.aggmtransspace, 0),
                  'mfinalfunc = ' || nullif(g.aggmfinalfn, 0)::regproc,
                  case when g.aggmfinalextra then 'mfinalfunc_extra' end,
                  'minitcond = ' || quote_literal(g.aggminitval),
                  (select 'sortop = operator(' || quote_ident(n.nspname) || '.' || o.oprname || ')'
                     from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
                    where o.oid = g.aggsortop),
                  'parallel = ' || case p.proparallel when 's' then 'safe'
                                                      when 'r' then 'restricted' end,
                  case when g.aggkind = 'h' then 'hypothetical' end)
               from pg_aggregate g where g.aggfnoid = p.oid) end,
       'pg_proc', p.oid, 0
  from pg_proc p join space s on s.oid = p.pronamespace
 where (p.oid, 'pg_proc'::regclass::oid) not in (select objid, classid from extension_member)
   and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass
                    and d.objid = p.oid and d.deptype = 'i')
union all
select 'operator', s.name || '.' || o.oprname || ' ('
                   || coalesce(format_type(nullif(o.oprleft, 0), null), 'none') || ', '
                   || coalesce(format_type(nullif(o.oprright, 0), null), 'none') || ')',
       concat_ws(', ', 'function = ' || o.oprcode::regproc,
           'leftarg = ' || format_type(nullif(o.oprleft, 0), null),
           'rightarg = ' || format_type(nullif(o.oprright, 0), null),
           (select 'commutator = operator(' || quote_ident(n.nspname) || '.' || c.oprname || ')'
              from pg_operator c join pg_namespace n on n.oid = c.oprnamespace
             where c.oid = o.oprcom),
           (select 'negator = operator(' || quote_ident(n.nspname) || '.' || c.oprname || ')'
              from pg_operator c join pg_namespace n on n.oid = c.oprnamespace
             where c.oid = o.oprnegate),
           'restrict = ' || nullif(o.oprrest, 0)::regproc,
           'join = ' || nullif(o.oprjoin, 0)::regproc,
           case when o.oprcanhash then 'hashes' end, case when o.oprcanmerge then 'merges' end),
       'pg_operator', o.oid, 0
  from pg_operator o join space s on s.oid = o.oprnamespace
 where (o.oid, 'pg_operator'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'operator family', s.name || '.' || quote_ident(f.opfname) || ' using ' || quote_ident(m.amname),
       '', 'pg_opfamily', f.oid, 0
  from pg_opfamily f join space s on s.oid = f.opfnamespace join pg_am m on m.oid = f.opfmethod
 where (f.oid, 'pg_opfamily'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'operator class', s.name || '.' || quote_ident(c.opcname) || ' using ' || quote_ident(m.amname),
       concat_ws(' ', case when c.opcdefault then 'default' end,
           'for type ' || format_type(c.opcintype, null), 'using ' || quote_ident(m.amname),
           'family ' || quote_ident(n.nspname) || '.' || quote_ident(f.opfname), 'as')
       || ' ' || concat_ws(', ',
           (select string_agg(format('operator %s %s', o.amopstrategy, o.amopopr::regoperator)
                              || case when o.amoppurpose = 'o' then
                                   (select ' for order by ' || quote_ident(sn.nspname) || '.'
                                           || quote_ident(so.opfname)
                                      from pg_opfamily so join pg_namespace sn
                                        on sn.oid = so.opfnamespace
                                     where so.oid = o.amopsortfamily) else '' end,
                              ', ' order by o.amopstrategy)
              from pg_amop o join pg_depend d on d.classid = 'pg_amop'::regclass
               and d.objid = o.oid and d.refclassid = 'pg_opclass'::regclass
               and d.refobjid = c.oid),
           (select string_agg(format('function %s (%s, %s) %s', a.amprocnum,
                                     format_type(a.amproclefttype, null),
                                     format_type(a.amprocrighttype, null),
                                     a.amproc::regprocedure), ', ' order by a.amprocnum)
              from pg_amproc a join pg_depend d on d.classid = 'pg_amproc'::regclass
               and d.objid = a.oid and d.refclassid = 'pg_opclass'::regclass
               and d.refobjid = c.oid),
           'storage ' || format_type(nullif(c.opckeytype, 0), null)),
       'pg_opclass', c.oid, 0
  from pg_opclass c join space s on s.oid = c.opcnamespace join pg_am m on m.oid = c.opcmethod
  join pg_opfamily f on f.oid = c.opcfamily join pg_namespace n on n.oid = f.opfnamespace
 where (c.oid, 'pg_opclass'::regclass::oid) not in (select objid, classid from extension_member)
union all
select 'cast', format('(%s as %s)', format_type(c.castsource, null), format_type(c.casttarget, null)),
       case c.castmethod when 'f' then 'with function ' || c.castfunc::regprocedure
                         when 'i' then 'with inout' else 'without function' end
       || case c.castcontext when 'i' then ' as implicit' when 'a' then ' as assignment' else '' end,
       'pg_cast', c.oid, 0
  from pg_cast c
 where c.oid >= 16384
   and (c.oid, 'pg_cast'::regclass::oid) not in (select objid, classid from extension_member)
   and not exists (select from pg_depend d where d.classid = 'pg_cast'::regclass
                    and d.objid = c.oid and d.deptype = 'i')
)sql";
}

}  // namespace caisson::schema
