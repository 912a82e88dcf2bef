-- report.sql - the context switches of a recording as `tasktax report` counts them, from
--   tasktax export DIR --to csv -o events.csv
--   sqlite3 :memory: '.import --csv events.csv events' '.read report.sql'
-- Empty is not known: such switches count, and are in no mean.
SELECT level, via, count(*) AS count,
       sum(voluntary) AS voluntary,
       sum(cast(direct_ns AS INTEGER)) AS direct_ns,
       count(nullif(direct_ns, '')) AS priced,
       round(sum(direct_ns) * 1.0 / nullif(count(nullif(direct_ns, '')), 0), 1) AS mean_direct_ns,
       max(cast(direct_ns AS INTEGER)) AS max_direct_ns
FROM events
WHERE event = 'switch'
GROUP BY level, via
ORDER BY level, via;
