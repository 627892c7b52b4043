import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ACCESS, PUBLIC } from './access.ts';

/** A route says nothing of who may use it, or two things: the service does not start. */
export class UndeclaredRouteError extends Error {
  override readonly name = 'UndeclaredRouteError';
}

/** Looks at every route before the first request: each declares either @Access or @Public. */
@Injectable()
export class DeclaredRoutes implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** @throws UndeclaredRouteError naming every route that is wrong */
  onModuleInit(): void {
    const faults = this.discovery.getControllers().flatMap(({ metatype }) => (typeof metatype === 'function' ? this.faultsOf(metatype) : []));
    if (faults.length > 0) throw new UndeclaredRouteError(`each route declares either @Access or @Public: ${faults.join(', ')}`);
  }

  private faultsOf(controller: Function): string[] {
    const methods = controller.prototype as Record<string, object>;
    return this.scanner.getAllMethodNames(methods).flatMap((name) => {
      const method = methods[name] ?? {};
      const isRoute = Reflect.hasMetadata(PATH_METADATA, method);
      return isRoute && Reflect.hasMetadata(ACCESS, method) === Reflect.hasMetadata(PUBLIC, method) ? [`${controller.name}.${name}`] : [];
    });
  }
}
