import { Injectable, RequestMethod, type OnModuleInit } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ACCESS, PUBLIC, type Declaration } from './access.ts';

/** A route says nothing of who may use it, or two things: the service does not start. */
export class UndeclaredRouteError extends Error {
  override readonly name = 'UndeclaredRouteError';
}

/** A route and who may use it. */
export interface DeclaredRoute {
  /** GET, POST, … */
  readonly method: string;
  /** With its parameters as they are declared: `/v1/predictions/:id`. */
  readonly path: string;
  readonly declared: Declaration | 'public';
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

  /** Every route that there is, so that what is shown of all of them is shown of new ones too. */
  get routes(): DeclaredRoute[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => (typeof metatype === 'function' ? this.routesOf(metatype) : []));
  }

  private routesOf(controller: Function): DeclaredRoute[] {
    const methods = controller.prototype as Record<string, object>;
    return this.scanner.getAllMethodNames(methods).flatMap((name) => {
      const method = methods[name] ?? {};
      const verb = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined;
      if (verb === undefined) return [];
      const declared = Reflect.getMetadata(PUBLIC, method) === true ? 'public' : (Reflect.getMetadata(ACCESS, method) as Declaration);
      return pathsOf(controller).flatMap((above) => pathsOf(method).map((below) => ({ method: RequestMethod[verb], path: joined(above, below), declared })));
    });
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

function pathsOf(target: object): string[] {
  const paths = Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined;
  return typeof paths === 'string' ? [paths] : (paths ?? ['']);
}

function joined(...parts: string[]): string {
  return `/${parts.flatMap((part) => part.split('/')).filter((part) => part !== '').join('/')}`;
}
