// What OpenDSS's classes are to us, and their properties in OpenDSS's order.
//
// The order matters twice: a parameter without a name belongs to the property after the one before, and a shortened name
// means the first property that begins so. Source: the property lists of OpenDSS 9 (EPRI, OpenDSS reference guide).

export interface DssClass {
  /** As people write it. */
  readonly title: string
  readonly properties: readonly string[]
  /** Those that shape our feeder. */
  readonly used: ReadonlySet<string>
}

const COMMON = 'basefreq enabled like'
const DELIVERY = `normamps emergamps faultrate pctperm repair ${COMMON}`
const CONVERSION = `spectrum ${COMMON}`
const WINDINGS = `thermal n m flrise hsrise %loadloss %noloadloss normhkva emerghkva`
const CONDUCTOR = 'rdc rac runits gmrac gmrunits radius radunits normamps emergamps diam seasons ratings capradius like'
const CABLE = `epsr inslayer diains diacable ${CONDUCTOR}`
const OVERCURRENT = 'monitoredobj monitoredterm switchedobj switchedterm'

const CLASSES: Readonly<Record<string, DssClass>> = Object.fromEntries(
  [
    define(
      'Vsource',
      `bus1 basekv pu angle frequency phases mvasc3 mvasc1 x1r1 x0r0 isc3 isc1 r1 x1 r0 x0 scantype sequence bus2 z1 z0 z2
       puz1 puz0 puz2 basemva yearly daily duty model puzideal ${CONVERSION}`,
      'bus1 basekv pu angle phases mvasc3 mvasc1 x1r1 x0r0 isc3 isc1 r1 x1 r0 x0 z1 z0 basemva enabled',
    ),
    define(
      'Line',
      `bus1 bus2 linecode length phases r1 x1 r0 x0 c1 c0 rmatrix xmatrix cmatrix switch rg xg rho geometry units spacing
       wires earthmodel cncables tscables b1 b0 seasons ratings linetype epsrmedium heightoffset heightunit conductors
       ${DELIVERY}`,
      `bus1 bus2 linecode length phases r1 x1 r0 x0 c1 c0 rmatrix xmatrix cmatrix switch rho geometry units spacing wires
       cncables tscables b1 b0 normamps enabled`,
    ),
    define(
      'LineCode',
      `nphases r1 x1 r0 x0 c1 c0 units rmatrix xmatrix cmatrix basefreq normamps emergamps faultrate pctperm repair kron rg
       xg rho neutral b1 b0 seasons ratings linetype like`,
      'nphases r1 x1 r0 x0 c1 c0 units rmatrix xmatrix cmatrix basefreq normamps kron neutral b1 b0',
    ),
    define(
      'LineGeometry',
      `nconds nphases cond wire x h units normamps emergamps reduce spacing wires cncable tscable cncables tscables seasons
       ratings linetype conductors like`,
      'nconds nphases cond wire x h units normamps spacing wires cncable tscable cncables tscables reduce',
    ),
    define('LineSpacing', 'nconds nphases x h units like', 'nconds nphases x h units'),
    define('WireData', CONDUCTOR, 'rdc rac runits gmrac gmrunits radius radunits normamps diam capradius'),
    define(
      'CNData',
      `k diastrand gmrstrand rstrand ${CABLE}`,
      `k diastrand gmrstrand rstrand epsr inslayer diains diacable rdc rac runits gmrac gmrunits radius radunits normamps
       diam`,
    ),
    define(
      'TSData',
      `diashield tapelayer tapelap ${CABLE}`,
      `diashield tapelayer tapelap epsr inslayer diains diacable rdc rac runits gmrac gmrunits radius radunits normamps
       diam`,
    ),
    define(
      'XfmrCode',
      `phases windings wdg conn kv kva tap %r rneut xneut conns kvs kvas taps xhl xht xlt xscarray ${WINDINGS} maxtap mintap
       numtaps %imag ppm_antifloat %rs x12 x13 x23 rdcohms seasons ratings like`,
      `phases windings wdg conn kv kva tap %r conns kvs kvas taps xhl xht xlt xscarray %loadloss %noloadloss %imag %rs x12
       x13 x23`,
    ),
    define(
      'Transformer',
      `phases windings wdg bus conn kv kva tap %r rneut xneut buses conns kvs kvas taps xhl xht xlt xscarray ${WINDINGS} sub
       maxtap mintap numtaps subname %imag ppm_antifloat %rs bank xfmrcode xrconst x12 x13 x23 leadlag wdgcurrents core
       rdcohms seasons ratings ${DELIVERY}`,
      `phases windings wdg bus conn kv kva tap %r rneut buses conns kvs kvas taps xhl xht xlt xscarray %loadloss
       %noloadloss %imag %rs bank xfmrcode x12 x13 x23 leadlag enabled`,
    ),
    define(
      'RegControl',
      `transformer winding vreg band ptratio ctprim r x bus delay reversible revvreg revband revr revx tapdelay debugtrace
       maxtapchange inversetime tapwinding vlimit ptphase revthreshold revdelay revneutral eventlog remoteptratio tapnum
       reset ldc_z rev_z cogen ${COMMON}`,
      'transformer winding vreg band ptratio ctprim r x tapwinding tapnum enabled',
    ),
    define(
      'Load',
      `phases bus1 kv kw pf model yearly daily duty growth conn kvar rneut xneut status class vminpu vmaxpu vminnorm
       vminemerg xfkva allocationfactor kva %mean %stddev cvrwatts cvrvars kwh kwhdays cfactor cvrcurve numcust zipv
       %seriesrl relweight vlowpu puxharm xrharm ${CONVERSION}`,
      'phases bus1 kv kw pf model conn kvar xfkva allocationfactor kva numcust zipv enabled',
    ),
    define(
      'Capacitor',
      `bus1 bus2 phases kvar kv conn cmatrix cuf r xl harm numsteps states ${DELIVERY}`,
      'bus1 bus2 phases kvar kv conn cuf numsteps states enabled',
    ),
    define(
      'Reactor',
      `bus1 bus2 phases kvar kv conn rmatrix xmatrix parallel r x rp z1 z2 z0 z rcurve lcurve lmh ${DELIVERY}`,
      'bus1 bus2 phases rmatrix xmatrix parallel r x rp z1 z0 z lmh enabled',
    ),
    define(
      'Generator',
      `phases bus1 kv kw pf model yearly daily duty dispmode dispvalue conn kvar rneut xneut status class vpu maxkvar
       minkvar pvfactor forceon kva mva xd xdp xdpp h d usermodel userdata shaftmodel shaftdata dutystart debugtrace vminpu
       vmaxpu balanced xrdp usefuel fuelkwh %fuel %reserve refuel ${CONVERSION}`,
      'phases bus1 kw pf kvar kva mva xdpp enabled',
    ),
    define(
      'PVSystem',
      `phases bus1 kv irradiance pmpp %pmpp temperature pf conn kvar kva %cutin %cutout effcurve p-tcurve %r %x model vminpu
       vmaxpu balanced limitcurrent yearly daily duty tyearly tdaily tduty class usermodel userdata debugtrace
       varfollowinverter dutystart wattpriority pfpriority %pminnovars %pminkvarmax kvarmax kvarmaxabs ${CONVERSION}`,
      'phases bus1 irradiance pmpp %pmpp pf kvar kva enabled',
    ),
    define(
      'Storage',
      `phases bus1 kv conn kw kvar pf kva %cutin %cutout effcurve varfollowinverter kvarmax kvarmaxabs wattpriority
       pfpriority %pminnovars %pminkvarmax kwrated %kwrated kwhrated kwhstored %stored %reserve state %discharge %charge
       %effcharge %effdischarge %idlingkw %idlingkvar %r %x model vminpu vmaxpu balanced limitcurrent yearly daily duty
       dispmode dischargetrigger chargetrigger timechargetrig class ${CONVERSION}`,
      'phases bus1 kw kvar pf kva kwrated state %discharge enabled',
    ),
    define(
      'Fuse',
      `${OVERCURRENT} fusecurve ratedcurrent delay action normal state ${COMMON}`,
      `${OVERCURRENT} fusecurve ratedcurrent delay action normal state enabled`,
    ),
    define(
      'Recloser',
      `${OVERCURRENT} numfast phasefast phasedelayed groundfast grounddelayed phasetrip groundtrip phaseinst groundinst reset
       shots recloseintervals delay action tdphfast tdgrfast tdphdelayed tdgrdelayed normal state ${COMMON}`,
      `${OVERCURRENT} phasedelayed grounddelayed phasetrip groundtrip reset shots recloseintervals action tdphdelayed
       tdgrdelayed normal state enabled`,
    ),
    define(
      'Relay',
      `${OVERCURRENT} type phasecurve groundcurve phasetrip groundtrip tdphase tdground phaseinst groundinst reset shots
       recloseintervals delay overvoltcurve undervoltcurve kvbase 47%pickup 46baseamps 46%pickup 46isqt variable overtrip
       undertrip breakertime action z1mag z1ang z0mag z0ang mphase mground eventlog debugtrace distreverse normal state
       doc_tiltanglelow ${COMMON}`,
      `${OVERCURRENT} type phasecurve groundcurve phasetrip groundtrip tdphase tdground reset shots recloseintervals delay
       breakertime action normal state enabled`,
    ),
    define(
      'SwtControl',
      `switchedobj switchedterm action lock delay normal state reset ${COMMON}`,
      'switchedobj switchedterm action normal state enabled',
    ),
    define('TCC_Curve', 'npts c_array t_array like', 'npts c_array t_array'),
  ].map(entry => [entry.title.toLowerCase(), entry]),
)

/** Known, and without meaning for what our feeder file holds. */
const WITHOUT_MEANING = new Set(
  `loadshape growthshape priceshape tshape spectrum xycurve dynamicexp energymeter monitor sensor capcontrol gendispatcher
   storagecontroller storagecontroller2 invcontrol invcontrol2 expcontrol espvlcontrol upfccontrol vvcontrol vvc feeder
   cktelement solution`.split(/\s+/),
)

function define(title: string, properties: string, used: string): DssClass {
  return { title, properties: properties.split(/\s+/), used: new Set(used.split(/\s+/)) }
}

export const classOf = (name: string): DssClass | undefined =>
  Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined

export const isWithoutMeaning = (className: string): boolean => WITHOUT_MEANING.has(className)

/** Position of the property in the class's list, by its full name or its beginning; -1 when there is none. */
export function propertyIndex({ properties }: DssClass, written: string): number {
  const name = written.toLowerCase()
  const exact = properties.indexOf(name)
  return exact >= 0 || name === '' ? exact : properties.findIndex(property => property.startsWith(name))
}
