/** The lockout that stands at a device while it is granted to an incident, and no longer than the grant lasts. */
export const RESTORATION_UNDER_WAY = 'restoration-under-way'
