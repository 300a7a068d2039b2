package draw

// sheet is the style sheet and the arrow head of a picture. It uses nothing
// that only browsers know, and what is outside of the picture is not touched.
const sheet = `<style>
.keelstep { font-family: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif }
.keelstep .ground { fill: #ffffff }
.keelstep .head { font-size: 18px; font-weight: 700; fill: #0f172a }
.keelstep .about { font-size: 12px; fill: #64748b }
.keelstep .name { font-size: 14px; font-weight: 600; fill: #0f172a }
.keelstep .verb, .keelstep .detail { font-size: 12px; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.keelstep .verb { font-weight: 600 }
.keelstep .detail { fill: #475569 }
.keelstep .note { font-size: 11px; fill: #64748b }
.keelstep .pilltext { font-size: 11px; font-weight: 600; fill: #334155 }
.keelstep .label { font-size: 11px; font-style: italic; fill: #b91c1c; stroke: #ffffff; stroke-width: 4px; paint-order: stroke }
.keelstep .card { fill: #ffffff; stroke: #cbd5e1 }
.keelstep .group { stroke: #cbd5e1 }
.keelstep .even { fill: #f8fafc }
.keelstep .odd { fill: #eef2f7 }
.keelstep .handler { fill: #fffbf5; stroke: #d6b48a; stroke-dasharray: 6 4 }
.keelstep .pill { fill: #e2e8f0 }
.keelstep .trigger { fill: #dbeafe; stroke: #93c5fd }
.keelstep .nothing { fill: none; stroke: #cbd5e1; stroke-dasharray: 3 3 }
.keelstep .edge { fill: none; stroke: #94a3b8; stroke-width: 1.5px }
.keelstep .dashed { stroke-dasharray: 5 4 }
.keelstep .arrow { fill: #94a3b8 }
.keelstep .stop { fill: none; stroke: #94a3b8; stroke-width: 1.5px }
.keelstep .stopcore { fill: #94a3b8 }
.keelstep .stripe { fill: none; stroke-width: 3px; stroke-linecap: round }
.keelstep .stripe.call { stroke: #2563eb } .keelstep .verb.call { fill: #1d4ed8 }
.keelstep .stripe.data { stroke: #0d9488 } .keelstep .verb.data { fill: #0f766e }
.keelstep .stripe.control { stroke: #7c3aed } .keelstep .verb.control { fill: #6d28d9 }
.keelstep .stripe.wait { stroke: #d97706 } .keelstep .verb.wait { fill: #b45309 }
.keelstep .stripe.end { stroke: #e11d48 } .keelstep .verb.end { fill: #be123c }
@media (prefers-color-scheme: dark) {
.keelstep .ground { fill: #0f172a }
.keelstep .head, .keelstep .name { fill: #f1f5f9 }
.keelstep .about, .keelstep .note, .keelstep .detail { fill: #a3b1c6 }
.keelstep .pilltext { fill: #e2e8f0 }
.keelstep .label { fill: #fca5a5; stroke: #0f172a }
.keelstep .card { fill: #1e293b; stroke: #475569 }
.keelstep .group { stroke: #475569 }
.keelstep .even { fill: #131d33 }
.keelstep .odd { fill: #18243c }
.keelstep .handler { fill: #241f1c; stroke: #8a6d46 }
.keelstep .pill { fill: #334155 }
.keelstep .trigger { fill: #1e3a6e; stroke: #3b82f6 }
.keelstep .nothing { fill: none; stroke: #475569 }
.keelstep .edge, .keelstep .stop { stroke: #64748b }
.keelstep .arrow, .keelstep .stopcore { fill: #64748b }
.keelstep .stripe.call { stroke: #3b82f6 } .keelstep .verb.call { fill: #93c5fd }
.keelstep .stripe.data { stroke: #14b8a6 } .keelstep .verb.data { fill: #5eead4 }
.keelstep .stripe.control { stroke: #8b5cf6 } .keelstep .verb.control { fill: #c4b5fd }
.keelstep .stripe.wait { stroke: #f59e0b } .keelstep .verb.wait { fill: #fcd34d }
.keelstep .stripe.end { stroke: #f43f5e } .keelstep .verb.end { fill: #fda4af }
}
</style>
<defs><marker id="{arrow}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="arrow" d="M0 0.8L8 4L0 7.2z"/></marker></defs>
`
